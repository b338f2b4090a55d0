//go:build linux

package main

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// If this failed, a run that has lost something could not be run again: its seed would draw other faults.
func TestASeedDrawsTheSameFaults(t *testing.T) {
	for _, duration := range []time.Duration{shortest, 5 * time.Minute} {
		if !reflect.DeepEqual(draw(7, duration), draw(7, duration)) {
			t.Errorf("%v: twice the same seed, but other faults", duration)
		}
		if reflect.DeepEqual(draw(7, duration), draw(8, duration)) {
			t.Errorf("%v: other seeds, but the same faults", duration)
		}
	}
}

// If this failed, a run might pass because what would break it did not happen, or because faults came so close that
// nothing worked in between.
func TestEveryKindOfFaultHappens(t *testing.T) {
	for seed := range uint64(200) {
		for _, duration := range []time.Duration{shortest, 5 * time.Minute} {
			if err := sound(draw(seed, duration), duration); err != nil {
				t.Errorf("seed %d, %v: %v", seed, duration, err)
			}
		}
	}
}

func sound(plan []fault, duration time.Duration) error {
	times, busy, alone := map[*kind]int{}, map[sufferer]time.Duration{}, time.Duration(0)
	last := time.Duration(0)
	for _, f := range plan {
		times[f.kind]++
		at := sufferer{f.kind.of, f.who}
		switch {
		case f.at < last:
			return fmt.Errorf("%s at %v comes after %v", f.kind.name, f.at, last)
		case f.end() > duration+time.Second:
			return fmt.Errorf("%s lasts until %v", f.kind.name, f.end())
		case f.at < alone, f.at < busy[at]:
			return fmt.Errorf("%s at %v: it is busy", f.kind.name, f.at)
		case f.kind == stopConsumer && f.lasts <= session:
			return fmt.Errorf("a consumer is stopped for %v, not past its session", f.lasts)
		}
		last, busy[at] = f.at, f.end()
		if f.kind == lockTable {
			alone = f.end()
		}
	}
	for _, k := range uniqueKinds() {
		if times[k] == 0 {
			return fmt.Errorf("%s does not happen", k.name)
		}
	}
	if times[lockTable] < 2 {
		return fmt.Errorf("the table is locked %d times", times[lockTable])
	}
	return nil
}
