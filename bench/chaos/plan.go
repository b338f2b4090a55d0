//go:build linux

package main

import (
	"math/rand/v2"
	"slices"
	"time"
)

const (
	producers  = 3
	consumers  = 3
	partitions = 6
	// session is the time after which the group gives a silent consumer's partitions to others; see readers/kafka.
	session = 8 * time.Second
)

// fault is one thing that happens to one of the processes, or to a server.
type fault struct {
	at    time.Duration // since the faults began
	kind  *kind
	who   int           // which producer or consumer
	lasts time.Duration // until it is started again, or goes on
}

// party is who suffers.
type party int

const (
	producer party = iota
	consumer
	broker
	database
)

// size is how many there are.
func (p party) size() int {
	switch p {
	case producer:
		return producers
	case consumer:
		return consumers
	}
	return 1
}

// kind is a kind of fault.
type kind struct {
	name        string
	of          party
	least, most time.Duration // lasts
	and         time.Duration // until all is well again after that, about
}

// kinds are drawn from a bag that is filled again when it is empty: so each happens, and as often as it is here.
var kinds = []*kind{killProducer, killConsumer, killConsumer, stopProducer, stopConsumer, stopConsumer,
	endProducer, endConsumer, endBroker, killBroker, stopBroker, crashDatabase, crashDatabase}

var (
	killProducer = &kind{name: "kill -9 a producer", of: producer, least: 200 * time.Millisecond, most: 5 * time.Second}
	killConsumer = &kind{name: "kill -9 a consumer", of: consumer, least: 200 * time.Millisecond, most: session + 4*time.Second}
	stopProducer = &kind{name: "SIGSTOP a producer, SIGCONT", of: producer, least: time.Second, most: 12 * time.Second}
	stopConsumer = &kind{name: "SIGSTOP a consumer past its session, SIGCONT", of: consumer, least: session + 1500*time.Millisecond, most: session + 5*time.Second}
	endProducer  = &kind{name: "SIGTERM and restart a producer", of: producer, most: 3 * time.Second, and: time.Second}
	endConsumer  = &kind{name: "SIGTERM and restart a consumer", of: consumer, most: 3 * time.Second, and: time.Second}
	endBroker    = &kind{name: "SIGTERM and restart the broker", of: broker, most: 3 * time.Second, and: 12 * time.Second}
	killBroker   = &kind{name: "kill -9 the broker", of: broker, most: 3 * time.Second, and: 12 * time.Second}

	// Up to more than the 20 s after which a producer sends a batch again.
	stopBroker = &kind{name: "SIGSTOP the broker, SIGCONT", of: broker, least: 2 * time.Second, most: 24 * time.Second, and: 8 * time.Second}

	crashDatabase = &kind{name: "pg_ctl restart -m immediate", of: database, and: 8 * time.Second}

	// lockTable is not drawn: it comes at fixed times, and alone. While the table is locked, nothing can be stored, so
	// a consumer that dies then has in hand what it has read; if it had committed that, it would be lost.
	lockTable = &kind{name: "lock the table; kill -9 a consumer, SIGSTOP another past its session", of: consumer,
		least: session + 2*time.Second, most: session + 4*time.Second, and: lockedBefore + lockedAfter}
)

const (
	// Between two faults.
	leastGap = 1500 * time.Millisecond
	mostGap  = 4500 * time.Millisecond
	// warmUp is left alone at the start: the consumers join their group.
	warmUp = 6 * time.Second
	// aScene is how much of the run each lock of the table stands for, at most.
	aScene = 90 * time.Second
)

// draw makes the faults of a run: those of a seed and a duration are always the same.
func draw(seed uint64, duration time.Duration) (plan []fault) {
	d := &drawer{r: rand.New(rand.NewPCG(seed, 0)), now: warmUp, busy: map[sufferer]time.Duration{}} //nolint:gosec // to be repeated, not to be secret
	count := max(2, int(duration/aScene))
	for n := range count {
		scene := d.fault(lockTable, duration*time.Duration(2*n+1)/time.Duration(2*count))
		plan = append(plan, d.until(scene.at)...)
		plan = append(plan, scene)
		d.now = scene.end()
	}
	return append(plan, d.until(duration)...)
}

// end is when all should be well again.
func (f fault) end() time.Duration { return f.at + f.lasts + f.kind.and }

// drawer draws faults, one after the other.
type drawer struct {
	r    *rand.Rand
	now  time.Duration
	bag  []*kind
	busy map[sufferer]time.Duration // until when
}

// sufferer is one process or server.
type sufferer struct {
	party
	who int
}

// fault draws one of a kind.
func (d *drawer) fault(k *kind, at time.Duration) fault {
	f := fault{at: at, kind: k, who: d.r.IntN(k.of.size()), lasts: k.least}
	if k.most > k.least {
		f.lasts += time.Duration(d.r.Int64N(int64(k.most - k.least)))
	}
	return f
}

// until draws faults that are all over by the end. Nobody suffers two at once.
func (d *drawer) until(end time.Duration) (plan []fault) {
	for ; d.now < end; d.now += leastGap + time.Duration(d.r.Int64N(int64(mostGap-leastGap))) {
		if len(d.bag) == 0 {
			d.bag = slices.Clone(kinds)
			d.r.Shuffle(len(d.bag), func(i, j int) { d.bag[i], d.bag[j] = d.bag[j], d.bag[i] })
		}
		for i, k := range d.bag {
			f := d.fault(k, d.now)
			at := sufferer{k.of, f.who}
			if f.at >= d.busy[at] && f.end() <= end {
				plan = append(plan, f)
				d.busy[at] = f.end()
				d.bag = slices.Delete(d.bag, i, i+1)
				break
			}
		}
	}
	return plan
}
