package probes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

func regexOf(t testing.TB, text string) *Regex {
	t.Helper()
	r, err := ParseRegex(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// costly takes a thousand steps for each x.
const costly = "(x{1,30}){1,30}y"

// If this failed, an expression that is too costly for a large body would hold a check for long after its timeout,
// with a core busy, and hold the end of the program too. That it does was seen by always taking the fast way: these
// two took minutes.
func TestCostlyRegexEndsInTime(t *testing.T) {
	text := bytes.Repeat([]byte("x"), 16<<20)
	r := regexOf(t, costly)
	began := time.Now()
	matches, err := r.Match(within(t, 200*time.Millisecond), text)
	if took := time.Since(began); took < 200*time.Millisecond || took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	wantFailure(t, err, Failure{Timeout, "the regular expression is too costly for 16777216 bytes: it was not through with them in time; want a simpler one, or less to match", true})
	if matches {
		t.Error("it matches all the same")
	}

	ctx, cancel := context.WithCancel(within(t, time.Minute))
	time.AfterFunc(50*time.Millisecond, cancel)
	began = time.Now()
	_, err = r.Match(ctx, text)
	if took := time.Since(began); !errors.Is(err, context.Canceled) || errors.As(err, new(*Failure)) || took > 10*time.Second {
		t.Errorf("cancelled: got %v after %v", err, took)
	}
}

// If this failed, an end of the time would look like the end of the text, which $ matches.
func TestRegexWithoutTimeDoesNotMatch(t *testing.T) {
	ctx, cancel := context.WithDeadline(context.Background(), longAgo)
	defer cancel()
	matches, err := regexOf(t, "(x{1,30}){1,30}$").Match(ctx, bytes.Repeat([]byte("x"), 1<<20))
	if matches || err == nil {
		t.Errorf("got %v, %v", matches, err)
	}
}

// If this failed, a costly expression would match something else than package regexp says.
func TestBothWaysToMatchAgree(t *testing.T) {
	for _, text := range []string{"", "a", "xa\xff\xfeb", "é\u2028x", "a\nb", "\xe2\x82", "\ufffd", "word and word"} {
		for _, expr := range []string{"", "^$", "a$", "(?m)a$", `\bb`, `\Bb`, "(?s)^.{3}", "\ufffd", "é", `^\xff`, "(?i)WORD$", `\p{L}.x`, costly} {
			got, err := regexOf(t, expr).matchTimed(t.Context(), []byte(text))
			if want := regexp.MustCompile(expr).MatchString(text); got != want || err != nil {
				t.Errorf("%q in %q: got %v, %v; want %v", expr, text, got, err, want)
			}
		}
	}
}

// BenchmarkRegex shows what the two ways cost: ns/step tells how long nobody looks at the time.
func BenchmarkRegex(b *testing.B) {
	words := []byte(strings.Repeat("<p>All Systems: Degraded since 10:32, \"status\": \"bad\"</p>\n", 16<<10))
	xs := bytes.Repeat([]byte("x"), 1<<20)
	for _, c := range []struct {
		expr string
		text []byte
	}{
		{"All Systems: Operational", words}, {`"status": *"ok"`, words}, {"(?i)all systems:? (ok|operational)", words},
		{"(ok|fine|up)[0-9]+", words}, {"(x{1,5}){1,4}y", xs}, {costly, xs[:64<<10]}, {"All.*Operational", words[:4<<10]},
	} {
		r := regexOf(b, c.expr)
		for way, match := range map[string]func(context.Context, []byte) (bool, error){
			"chosen": r.Match, "timed": r.matchTimed,
			"at once": func(_ context.Context, text []byte) (bool, error) { return r.compiled.Match(text), nil },
		} {
			b.Run(fmt.Sprintf("%s/%d KiB/%s", c.expr, len(c.text)>>10, way), func(b *testing.B) {
				for b.Loop() {
					if matches, err := match(b.Context(), c.text); matches || err != nil {
						b.Fatal(matches, err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(c.text)*max(r.steps, 1)), "ns/step")
			})
		}
	}
}
