//go:build linux

package bare

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// round is how long the client rests at least from one look at what is due to the next, as uptimer does: to wake it for
// each check would be a part of what small checks cost.
const round = 500 * time.Microsecond

// pace starts a check of each target in turn, again and again, as a prober does that spreads its targets by a hash:
// each has its moment of the interval, some are close together.
func (c *Client) pace(ctx context.Context, start func(target int)) {
	interval := time.Duration(float64(len(c.Targets)) / c.Rate * float64(time.Second))
	offsets := moments(len(c.Targets), interval)
	timer := time.NewTimer(0)
	defer timer.Stop()
	next, begin := 0, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		look := time.Now()
		for !begin.Add(offsets[next]).After(look) {
			start(next)
			if next++; next == len(offsets) {
				next, begin = 0, begin.Add(interval)
			}
		}
		timer.Reset(max(begin.Add(offsets[next]).Sub(look), round) - time.Since(look))
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
