package probes

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uptimer/uptimer/internal/setting"
)

// SchedulerConfig is what the scheduler is told.
type SchedulerConfig struct {
	Count       CheckCount    `envconfig:"PROBE_COUNT" desc:"stop after every target was checked this many times"`
	Concurrency Concurrency   `envconfig:"PROBE_CONCURRENCY" default:"auto" desc:"checks in flight at most; auto follows the machine, its descriptors and the memory of the container"`
	Location    string        `envconfig:"PROBE_LOCATION" desc:"where the checks are made from; each location has its own rhythm"`
	Instance    string        `envconfig:"PROBE_INSTANCE" desc:"who makes the checks (default: the host name)"`
	Buffer      setting.Bytes `envconfig:"BUFFER_BYTES" default:"256MiB" desc:"events held in memory while the writer is busy or away; when it is full no check is started"`
}

// maxPlace is how long the name of a place or instance may be, in bytes.
const maxPlace = 255

// Validate returns setting.Mistakes.
func (c SchedulerConfig) Validate() error {
	var ms setting.Mistakes
	for _, place := range [][2]string{{"PROBE_LOCATION", c.Location}, {"PROBE_INSTANCE", c.Instance}} {
		name, text := place[0], place[1]
		if len(text) > maxPlace || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			ms.Add(name, text, fmt.Errorf("not a name for every event; want at most %d bytes of UTF-8 without control characters", maxPlace))
		}
	}
	return ms.Err()
}

// Where is the place that goes into every event.
func (c SchedulerConfig) Where() Where {
	w := Where{Location: c.Location, Instance: c.Instance}
	if w.Instance == "" {
		w.Instance, _ = os.Hostname() // a host without a name stays without one
	}
	return w
}

// CheckCount is how often each target is checked; 0 is without end.
type CheckCount int

// Decode reads a whole number above zero.
func (c *CheckCount) Decode(text string) error {
	n, err := setting.ParseCount(text)
	if err != nil || n == 0 {
		return errors.New("not a number of checks; want a whole number above zero, or nothing for no end")
	}
	*c = CheckCount(n)
	return nil
}

// Concurrency is how many checks may be in flight; 0 is auto.
type Concurrency int

// maxConcurrency keeps a slip of the finger from asking for more descriptors than any machine has.
const maxConcurrency = 1_000_000

// Decode reads auto or a whole number above zero.
func (c *Concurrency) Decode(text string) error {
	*c = 0
	if strings.EqualFold(strings.TrimSpace(text), "auto") {
		return nil
	}
	n, err := setting.ParseCount(text)
	if err != nil || n == 0 || n > maxConcurrency {
		return errors.New("not a number of checks; want auto or a whole number from 1 to 1000000")
	}
	*c = Concurrency(n)
	return nil
}

// Limit is the number that was given, or most for auto.
func (c Concurrency) Limit(most int) int {
	if c == 0 {
		return most
	}
	return min(int(c), most)
}
