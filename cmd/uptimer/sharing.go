package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/events/topic"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
	"github.com/uptimer/uptimer/targets/share"
)

// sharing is what an instance needs that checks a share of its list. Both list and share change at any time.
type sharing struct {
	member *share.Member

	mu    sync.Mutex // held until a change is in force
	whole []targets.Target
	mine  atomic.Pointer[share.Slices] // changed under mu; nil: none yet
}

// errNoShare is why an instance is not ready in the beginning.
var errNoShare = errors.New("there is no share of the targets yet; the log says why if that lasts")

// openSharing is nil if the whole list is ours.
func (a *app) openSharing(list targets.Config, schedule probes.SchedulerConfig, log *slog.Logger) (*sharing, error) {
	if list.ShareGroup == "" {
		return nil, nil
	}
	var ms setting.Mistakes
	if schedule.Count > 0 {
		ms.Add("PROBE_SHARE_GROUP", list.ShareGroup, errors.New("set, but PROBE_COUNT is, too; want no PROBE_COUNT: the share of an instance that is done would be checked again by the others"))
	}
	var kafka topic.Config
	wrong := plugin.Load(a.env, &kafka)
	member, wrongGroup := share.New(list.ShareGroup, kafka, log)
	if err := together(ms.Err(), wrong, wrongGroup); err != nil {
		return nil, err
	}
	return &sharing{member: member}, nil
}

// ready is an error until there is a share.
func (s *sharing) ready() error {
	if s.mine.Load() == nil {
		return errNoShare
	}
	return nil
}

// put puts a list, or what has changed in it, in force, as far as it is our share. It returns how many targets are in
// force then.
func (p *probing) put(ctx context.Context, list *targets.List, entries []probes.Entry) int {
	total := list.Total
	if s := p.sharing; s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.whole = list.Onto(s.whole)
		mine := s.mine.Load()
		if mine == nil {
			return 0
		}
		entries = slices.DeleteFunc(entries, func(e probes.Entry) bool { return !mine.Has(e.Target.ID) })
		total = mine.CountOf(s.whole)
	}
	if list.Part {
		p.scheduler.Update(ctx, entries, list.Gone)
	} else {
		p.scheduler.Replace(ctx, entries)
	}
	return total
}

// assignAtOnce is how many targets of a new share are made ready together: those that are ready are checked while the
// others are not yet.
const assignAtOnce = 50_000

// assigned puts a share of the list in force. What was ours and stays so is left alone.
func (p *probing) assigned(ctx context.Context, mine share.Slices) {
	began := time.Now()
	s := p.sharing
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.mine.Load()
	if before == nil {
		before = &share.Slices{}
	} else if before.Equal(mine) {
		return
	}
	gained, lost := mine.Since(*before, s.whole)
	p.scheduler.Update(ctx, nil, lost)
	for some := range slices.Chunk(gained, assignAtOnce) {
		p.scheduler.Update(ctx, p.prepareMost(some), nil)
	}
	s.mine.Store(&mine)
	p.log.Info("this instance has a share of the targets", "targets", mine.CountOf(s.whole), "of", len(s.whole), "gained", len(gained), "lost", len(lost),
		"slices", mine.Count(), "of_slices", mine.Of(), "took", time.Since(began).Round(time.Millisecond))
	if mine.Count() == 0 {
		p.log.Warn("nothing is left for this instance: there are more instances than partitions of the share group's topic", "partitions", mine.Of())
	}
}

// prepareMost makes targets ready that were good when the list was read. What is not good any more, such as a file of
// authorities that was deleted, is left out, so that the rest is checked all the same.
func (p *probing) prepareMost(list []targets.Target) []probes.Entry {
	entries, err := p.probes.Prepare(list)
	if err == nil {
		return entries
	}
	p.say("targets of the new share cannot be checked", err)
	for _, t := range list {
		if one, err := p.probes.Prepare([]targets.Target{t}); err == nil {
			entries = append(entries, one...)
		}
	}
	return entries
}
