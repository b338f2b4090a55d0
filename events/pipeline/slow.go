package pipeline

import (
	"fmt"
	"sync"
	"time"
)

// stalls is how long a Write may take before the log says so.
const stalls = 10 * time.Second

// watch says in the log that a Write takes long, until stop is called: its destination hangs, or somebody has locked a
// table, and no error tells of that. It is the fault of Writes that fail, and over when one has succeeded.
func (o *outlet) watch() (stop func()) {
	began := time.Now()
	var mu sync.Mutex
	var timer *time.Timer // nil: it has ended
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(stalls, func() {
		mu.Lock()
		defer mu.Unlock()
		if timer != nil {
			o.failing.Happened("error", fmt.Sprintf("a write has taken %s so far", time.Since(began).Round(time.Second)))
			timer.Reset(stalls)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		timer.Stop()
		timer = nil
	}
}
