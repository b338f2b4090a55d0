package probes

import "time"

// maxAge is for how long an answer may lie here unread. One that seems older is so by the wall clock alone, which was
// stepped meanwhile.
const maxAge = 10 * time.Second

// came is when the kernel got what was read last, zero if it does not say.
func (i *incoming) came() time.Time { return arrivedAt(i.stamp()) }

// arrivedAt makes a time of a stamp of the wall clock, zero if it is none.
func arrivedAt(nanoseconds int64, said bool) time.Time {
	now := time.Now()
	age := time.Duration(now.UnixNano() - nanoseconds)
	if !said || age < 0 || age > maxAge {
		return time.Time{}
	}
	return now.Add(-age)
}

func (s *socket) arrival() time.Time { return s.arrived }
