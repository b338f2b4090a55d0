package events

import (
	"math/rand/v2"
	"testing"
	"time"
)

// If this failed, times in events would be wrong.
func TestAppendTimeIsWhatTheLayoutSays(t *testing.T) {
	east := time.FixedZone("", 5*3600+1800)
	for _, at := range []time.Time{
		{}, time.Unix(0, 0), time.Unix(0, -1), time.Date(2028, 2, 29, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 1, 0, 0, 1000, east),
	} {
		compareTime(t, at)
	}
	for range 10_000 {
		compareTime(t, time.Unix(rand.Int64N(300_000_000_000)-60_000_000_000, rand.Int64N(1e9)))
	}
}

func compareTime(t *testing.T, at time.Time) {
	t.Helper()
	if got, want := string(AppendTime(nil, at)), at.UTC().Format(TimeLayout); got != want {
		t.Errorf("%v: got %s, want %s", at, got, want)
	}
}
