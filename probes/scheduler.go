package probes

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/lasting"
	"github.com/uptimer/uptimer/internal/memory"
)

const (
	// linePace is how far apart targets that were never checked are due at the start.
	linePace = time.Second / 2000
	// lineLate is how late a check may start before the line at the start waits.
	lineLate = 50 * time.Millisecond
	// lineRests is for how long it waits then.
	lineRests = 100 * time.Millisecond
	// patient is how late a check may start; hurried is how late once some have waited all the time for as long as
	// standing. See patience for the exceptions.
	patient, hurried = time.Second, 500 * time.Millisecond
	standing         = 2 * time.Second
	// fullEnds is how long the writer must have taken events again to be said to. A writer that is just too slow is
	// full and not full many times a second.
	fullEnds = 5 * time.Second
	// stepped is by how much wall clock and monotonic clock may differ from one look to the next.
	stepped = 100 * time.Millisecond
	// round is how long the loop rests at least. To wake it for each check that is due or has ended would take as much
	// of the processor as a small check does.
	round = 500 * time.Microsecond
	// lookAtLeast bounds how long a stepped clock goes unnoticed.
	lookAtLeast = time.Second
)

// Scheduler is the reader that checks each target when it is due. One goroutine, the loop, plans; each check in
// flight has a worker; a target at rest has no goroutine.
type Scheduler struct {
	catalog  *events.Catalog
	where    Where
	count    int // checks a target; 0: no end
	onePass  bool
	observer Observer
	log      *slog.Logger
	faults   faults
	full     lasting.Fault
	skips    skips
	pulse    *Pulse
	outbox   *outbox
	clock    func() (wall int64, mono time.Duration)
	lag      lagMeter // of our own

	changes  chan *change // from Replace
	workers  sync.WaitGroup
	wake     chan struct{} // holds one: something below has changed
	mu       sync.Mutex
	finished []finish // checks that ended, for the loop

	beat      atomic.Int64 // the monotonic time of the loop's last round; 0 before the first list
	lateUntil atomic.Int64 // the line waits until then, because checks start late
	short     atomic.Bool  // a descriptor or buffer could not be had since the last look at the limit

	// The loop's own.
	crew        crew
	tasks       []*task             // the list in force; Replace reads it between two changes
	leaving     map[uuid.UUID]*task // off the list, while their last check runs
	timeline    timeline
	limit       limit
	spare       []finish      // for finished, which is taken as a whole
	mostBacklog int64         // at the last look
	looked      time.Duration // when the limit was looked at
	ready       ready         // due, and waiting for a free place among the checks in flight
	drained     time.Duration // when nobody was waiting
	line        queue         // never checked
	lineDue     int64         // when the first of the line is due
	unmade      int           // tasks that have not reached count
	listed      bool          // there was a list
	wall        int64         // what the clock said at the last look
	mono        time.Duration // and the monotonic one
}

// SchedulerOptions are what a Scheduler works with, beside its settings.
type SchedulerOptions struct {
	Catalog  *events.Catalog
	Observer Observer
	Log      *slog.Logger
	OnePass  bool // check every target once, at once, and end
}

// NewScheduler makes a Scheduler without targets.
func NewScheduler(c SchedulerConfig, o SchedulerOptions) *Scheduler {
	if o.OnePass {
		c.Count = 1
	}
	return &Scheduler{
		catalog: o.Catalog, observer: o.Observer, log: o.Log, onePass: o.OnePass,
		where: c.Where(), limit: newLimit(c.Concurrency, maxDescriptors(), memory.Limit()), count: int(c.Count),
		faults: faults{log: o.Log, all: map[Cause]*lasting.Fault{}},
		full: lasting.Fault{
			Log: o.Log, Level: slog.LevelWarn,
			Began: "the writer cannot take more events: no checks are started, their slots are skipped",
			Ended: "the writer takes events again",
		},
		skips: newSkips(o.Log),
		pulse: NewPulse(), outbox: newOutbox(memory.Buffer(int64(c.Buffer))),
		clock: systemClock(), mostBacklog: mostBacklog(),
		changes: make(chan *change), wake: make(chan struct{}, 1),
		crew:    crew{all: map[*worker]struct{}{}},
		leaving: map[uuid.UUID]*task{},
	}
}

// Read checks the targets until ctx is cancelled, or until all were checked as often as asked. Checks that are in
// flight when ctx is cancelled say nothing; events that are there by then are handed on before it returns.
func (s *Scheduler) Read(ctx context.Context, emit events.Emit) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var background sync.WaitGroup
	background.Go(func() { s.pulse.Run(ctx) })
	stop := make(chan struct{})
	// An event of a probe cannot be delivered again, so our shutdown does not end its way; the pipeline does, when
	// the grace is over.
	lasting := context.WithoutCancel(ctx)
	background.Go(func() {
		s.outbox.run(stop, func(batch []events.Event) bool { return s.hand(lasting, emit, batch) }, s.notify)
	})
	stopLag := s.startLag()
	s.loop(ctx)
	s.workers.Wait()
	stopLag()
	close(stop)
	cancel()
	background.Wait()
	return nil
}

// hand gives a batch to the pipeline, and tells whether that has done with it. Its error needs no word: the pipeline
// counts what it could not store.
func (s *Scheduler) hand(ctx context.Context, emit events.Emit, batch []events.Event) bool {
	rejected, err := emit(ctx, batch)
	for _, r := range rejected {
		e := batch[r.Index]
		s.log.Error("an event was refused by the writer and is not stored", "uuid", e.ID(), "schema_title", e.Title(), "reason", r.Reason)
	}
	return err == nil
}

// notify wakes the loop.
func (s *Scheduler) notify() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
