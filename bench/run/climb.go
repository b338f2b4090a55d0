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
func (b *bench) climb(ctx context.Context, s scenario) (row, error) {
	lowest := s.rate
	try := s
	for try.duration = min(s.duration, tryTime); ; try.rate += s.climb {
		if err := b.prepare(try); err != nil {
			return row{}, err
		}
		r, err := b.round(ctx, try, 0)
		if err != nil {
			return row{}, err
		}
		broken := try.broken([]result{r})
		fmt.Printf("  a try at %d a second: %v\n", try.rate, r)
		for _, b := range broken {
			fmt.Println("    not kept:", b)
		}
		if len(broken) > 0 {
			break
		}
		s.rate = try.rate
	}
	for ; ; s.rate -= s.climb {
		fmt.Printf("  all rounds at %d a second\n", s.rate)
		if err := b.prepare(s); err != nil {
			return row{}, err
		}
		measured, err := b.repeat(ctx, s)
		if err != nil || s.rate <= lowest || len(s.broken(measured.results)) == 0 {
			return measured, err
		}
	}
}
