//go:build linux

package main

import (
	"context"
	"fmt"
	"time"
)

// tryTime is how long a rate is tried while the highest is looked for.
const tryTime = 30 * time.Second

// triesUsual is how many tries there are on two cores.
const triesUsual = 5

// climb looks for the highest rate at which a scenario keeps its bounds: short tries until one fails, and then all rounds
// at the last that held, or at lower ones until the bounds are kept. The scenario's own rate is the lowest.
func (b *bench) climb(ctx context.Context, s scenario) (measured row, err error) {
	held, err := s.highest(func(rate int) (bool, error) { return b.try(ctx, s, rate) })
	for lowest := s.rate; err == nil; held -= s.climb {
		s.rate = held
		fmt.Printf("  all rounds at %d a second\n", s.rate)
		if err = b.prepare(s); err != nil {
			break
		}
		measured, err = b.repeat(ctx, s)
		if s.rate <= lowest || len(s.broken(measured.results)) == 0 {
			break
		}
	}
	return measured, err
}

// highest is the last rate that held, of those that are tried one after the other; the scenario's own if none did.
func (s scenario) highest(holds func(rate int) (bool, error)) (held int, err error) {
	held = s.rate
	for rate := s.rate; ; rate += s.climb {
		ok, err := holds(rate)
		if err != nil || !ok {
			return held, err
		}
		held = rate
	}
}

// try tells whether a short round at a rate keeps the bounds.
func (b *bench) try(ctx context.Context, s scenario, rate int) (bool, error) {
	s.rate, s.duration = rate, min(s.duration, tryTime)
	if err := b.prepare(s); err != nil {
		return false, err
	}
	r, err := b.round(ctx, s, 0)
	if err != nil {
		return false, err
	}
	fmt.Printf("  a try at %d a second: %v\n", rate, r)
	broken := s.broken([]result{r})
	for _, text := range broken {
		fmt.Println("    not kept:", text)
	}
	return len(broken) == 0, nil
}
