//go:build linux

package bare

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// pace starts a check of each target in turn, again and again, as a prober does that spreads its targets by a hash:
// each has its moment of the interval, some are close together. Evenly spread ones would wake the process for each.
func (c *Client) pace(ctx context.Context, start func(target int)) {
	interval := time.Duration(float64(len(c.Targets)) / c.Rate * float64(time.Second))
	offsets := moments(len(c.Targets), interval)
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for begin := time.Now(); ; begin = begin.Add(interval) {
		for target, offset := range offsets {
			if rest := time.Until(begin.Add(offset)); rest > 0 {
				timer.Reset(rest)
				select {
				case <-ctx.Done():
				case <-timer.C:
				}
			}
			if ctx.Err() != nil {
				return
			}
			start(target)
		}
	}
}

// moments are n moments of an interval in order, always the same.
func moments(n int, interval time.Duration) []time.Duration {
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // no secret
	list := make([]time.Duration, n)
	for i := range list {
		list[i] = time.Duration(chance.Int64N(int64(interval)))
	}
	slices.Sort(list)
	return list
}
