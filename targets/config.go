package targets

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/internal/setting"
)

// Config is where targets come from, and what is in force for those that do not say it themselves.
type Config struct {
	URLs     string           `envconfig:"PROBE_URLS" desc:"what to probe: one URL, or a list such as [\"https://example.com\", \"tcp://db.example.com:5432\"]"`
	Regexes  string           `envconfig:"PROBE_REGEXES" desc:"one regular expression for all, or a list of as many as PROBE_URLS"`
	File     string           `envconfig:"PROBE_TARGETS_FILE" desc:"a list of targets: a .csv, .yaml or .yml file, or - for CSV on standard input; followed while running"`
	Table    string           `envconfig:"PROBE_TARGETS_TABLE" desc:"targets: probe the enabled rows of that table in the database at DATABASE_URL; followed while running"`
	Interval setting.Duration `envconfig:"PROBE_INTERVAL" default:"30s" desc:"time from one check of a target to the next, in seconds or as 1m30s; below zero: every target once"`
	Timeout  setting.Duration `envconfig:"PROBE_TIMEOUT" default:"10s" desc:"time for a whole check; at most nine tenths of the interval are used"`

	Distributed setting.YesNo `envconfig:"DISTRIBUTED_WORKERS_ENABLED" default:"false" desc:"share the targets between several instances: each takes its part"`
	Total       setting.Count `envconfig:"DISTRIBUTED_WORKERS_TOTAL" desc:"how many instances there are"`
	Index       string        `envconfig:"DISTRIBUTED_WORKERS_INDEX" desc:"which of them this is, from 0: a number or a name that holds one (uptimer-3)"`
	ShareGroup  string        `envconfig:"PROBE_SHARE_GROUP" desc:"share the targets with the other instances that name the same group, by a Kafka consumer group"`
}

// The bounds of an interval. The lower one keeps a slip of the pen (30 for 30s is fine, 1µs is not) from becoming
// a flood; the upper one keeps the arithmetic of slots within 64 bits of nanoseconds.
const (
	minInterval = 10 * time.Millisecond
	maxInterval = 366 * 24 * time.Hour
)

// Validate returns setting.Mistakes, all there are in the settings themselves, or nil. What is wrong in the lists
// is said by Source.Load.
func (c Config) Validate() error {
	var ms setting.Mistakes
	if c.Table != "" && c.Table != tableName {
		ms.Add("PROBE_TARGETS_TABLE", c.Table, errors.New("no table for targets; want targets, the table that `uptimer migrate` makes"))
	}
	if err := checkDefaultInterval(time.Duration(c.Interval)); err != nil {
		ms.Add("PROBE_INTERVAL", c.Interval.String(), err)
	}
	if err := checkTimeout(time.Duration(c.Timeout)); err != nil {
		ms.Add("PROBE_TIMEOUT", c.Timeout.String(), err)
	}
	c.checkShareGroup(&ms)
	if !c.Distributed {
		return ms.Err()
	}
	if c.Total < 1 {
		ms.Add("DISTRIBUTED_WORKERS_TOTAL", shownCount(c.Total), errors.New("missing or zero, but DISTRIBUTED_WORKERS_ENABLED is set; want the number of instances, 1 or more"))
	}
	index, err := parseIndex(c.Index)
	switch {
	case err != nil:
		ms.Add("DISTRIBUTED_WORKERS_INDEX", c.Index, err)
	case c.Total >= 1 && (index < 0 || index >= int64(c.Total)):
		ms.Add("DISTRIBUTED_WORKERS_INDEX", c.Index, fmt.Errorf("out of range; want 0 to %d, as DISTRIBUTED_WORKERS_TOTAL is %d", c.Total-1, c.Total))
	}
	return ms.Err()
}

// checkShareGroup refuses what cannot be together with PROBE_SHARE_GROUP.
func (c Config) checkShareGroup(ms *setting.Mistakes) {
	switch {
	case c.ShareGroup == "":
	case bool(c.Distributed):
		ms.Add("PROBE_SHARE_GROUP", c.ShareGroup, errors.New("set, but DISTRIBUTED_WORKERS_ENABLED is, too; want one of them: both divide the list"))
	case c.Interval < 0:
		ms.Add("PROBE_SHARE_GROUP", c.ShareGroup, errors.New("set, but PROBE_INTERVAL is below zero; want DISTRIBUTED_WORKERS_ENABLED to divide a single pass: the share of an instance that is done would be checked again by the others"))
	}
}

func shownCount(n setting.Count) string {
	if n == 0 {
		return ""
	}
	return n.String()
}

func checkDefaultInterval(d time.Duration) error {
	if d < 0 {
		return nil
	}
	if d == 0 {
		return errors.New("zero; want a time above zero such as 30 or 1m30s, or -1 to check every target once")
	}
	return checkInterval(d)
}

func checkInterval(d time.Duration) error {
	switch {
	case d <= 0:
		return errors.New("not above zero; want a time such as 30 or 1m30s (PROBE_INTERVAL=-1 checks every target once)")
	case d < minInterval:
		return fmt.Errorf("too short; want %v or more", minInterval)
	case d > maxInterval:
		return errors.New("too long; want at most 366 days (8784h)")
	}
	return nil
}

func checkTimeout(d time.Duration) error {
	switch {
	case d <= 0:
		return errors.New("not above zero; want a time such as 10 or 2.5")
	case d > maxInterval:
		return errors.New("too long; want at most 366 days (8784h)")
	}
	return nil
}

var numbers = regexp.MustCompile(`[0-9]+`)

// parseIndex reads a number, or a name that holds one: that at its end, else the only one.
func parseIndex(text string) (int64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, errors.New("missing, but DISTRIBUTED_WORKERS_ENABLED is set; want a number from 0, or a name that holds one such as uptimer-3")
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	found := numbers.FindAllString(text, -1)
	switch {
	case len(found) == 0:
		return 0, errors.New("holds no number; want a number from 0, or a name that holds one such as uptimer-3")
	case len(found) > 1 && !strings.HasSuffix(text, found[len(found)-1]):
		return 0, errors.New("holds several numbers and none at its end; want a number from 0, or a name that ends with it such as uptimer-3")
	}
	n, err := strconv.ParseInt(found[len(found)-1], 10, 32)
	if err != nil {
		return 0, errors.New("the number is too large; want the number of this instance, from 0")
	}
	return n, nil
}

// share tells which targets belong to this instance: those whose id's last 8 bytes, as a number, leave index when
// divided by total. So a target belongs to exactly one instance, whatever else is in the list.
type share struct{ index, total uint64 }

func (c Config) share() share {
	index, err := parseIndex(c.Index)
	if !c.Distributed || c.Total < 1 || err != nil || index < 0 {
		return share{0, 1}
	}
	return share{uint64(index), uint64(c.Total)}
}

func (s share) has(id uuid.UUID) bool {
	return Slice(id, s.total) == s.index
}
