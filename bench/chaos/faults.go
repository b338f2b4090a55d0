//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// suffer lets all faults of a plan happen, each at its time, and returns when all are over. The lock of the table waits
// until the others are, and what comes after it waits for it.
func (e *experiment) suffer(ctx context.Context, plan []fault) error {
	var running sync.WaitGroup
	defer running.Wait()
	began := time.Now()
	for _, f := range plan {
		if err := rest(ctx, time.Until(began.Add(f.at))); err != nil {
			return err
		}
		if f.kind != lockTable {
			running.Go(func() { e.happen(ctx, f) })
			continue
		}
		running.Wait()
		e.happen(ctx, f)
		if late := time.Since(began) - f.end(); late > 0 {
			began = began.Add(late)
		}
	}
	return nil
}

// happen lets a fault happen. One that cannot is a failure of the run.
func (e *experiment) happen(ctx context.Context, f fault) {
	if err := e.cause(ctx, f); err != nil && ctx.Err() == nil {
		e.failed(fmt.Sprintf("%s: %v", f.kind.name, err))
		return
	}
	e.count(f.kind)
}

func (e *experiment) cause(ctx context.Context, f fault) error {
	switch f.kind.of {
	case broker:
		return e.hurtBroker(ctx, f)
	case database:
		e.database.fault.Lock()
		defer e.database.fault.Unlock()
		e.say.line("%s", f.kind.name)
		return e.servers.crashPostgres()
	case producer:
		return e.hurt(ctx, e.producers[f.who], f, 0, gaveUp)
	}
	if f.kind == lockTable {
		return e.lockTable(ctx, f)
	}
	return e.hurt(ctx, e.consumers[f.who], f, 0)
}

// gaveUp is the exit code of a producer that had to give up events while the broker was away. It calls none of them
// acknowledged. A consumer gives nothing up.
const gaveUp = 1

// hurt lets one process suffer, and go on.
func (e *experiment) hurt(ctx context.Context, p *process, f fault, good ...int) error {
	p.fault.Lock()
	defer p.fault.Unlock()
	e.say.line("%s: %s, for %.1fs", f.kind.name, p.name, f.lasts.Seconds())
	switch f.kind {
	case stopProducer, stopConsumer:
		p.signal(syscall.SIGSTOP)
		defer p.signal(syscall.SIGCONT)
		return rest(ctx, f.lasts)
	case endProducer, endConsumer:
		if err := p.terminate(good...); err != nil {
			return err
		}
	default:
		p.kill()
	}
	if err := rest(ctx, f.lasts); err != nil {
		return err
	}
	return p.start()
}

func (e *experiment) hurtBroker(ctx context.Context, f fault) error {
	e.broker.fault.Lock()
	defer e.broker.fault.Unlock()
	e.say.line("%s, for %.1fs", f.kind.name, f.lasts.Seconds())
	defer e.say.line("the broker is back")
	switch f.kind {
	case stopBroker:
		return e.servers.stopBroker(ctx, f.lasts)
	case killBroker:
		return e.servers.restartBroker(ctx, syscall.SIGKILL, f.lasts)
	default:
		return e.servers.restartBroker(ctx, syscall.SIGTERM, f.lasts)
	}
}

const (
	// lockedBefore is how long the table is locked before a consumer dies: longer than a page waits for company.
	lockedBefore = 4 * time.Second
	// lockedAfter is how long it is locked after the other consumer has gone on.
	lockedAfter = 2 * time.Second
	// keepsUp is how many messages the consumers may be behind when the table is locked, and calmWithin how long that is
	// waited for.
	keepsUp    = 2000
	calmWithin = 2 * time.Minute
)

// lockTable holds a lock on the table while a consumer is killed and another is stopped past its session and goes on.
func (e *experiment) lockTable(ctx context.Context, f fault) error {
	// The one that is killed must have something in hand.
	if err := e.shareOut(ctx, calmWithin); err != nil {
		return err
	}
	if err := e.keepUp(ctx, keepsUp, calmWithin); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, e.databaseURL)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // releases the lock, whatever happens
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "LOCK TABLE probe_events IN ACCESS EXCLUSIVE MODE"); err != nil {
			return err
		}
		e.say.line("the table is locked")
		if err := rest(ctx, lockedBefore); err != nil {
			return err
		}
		killed, stopped := e.consumers[f.who], e.consumers[(f.who+1)%consumers]
		e.say.line("the table is locked: kill -9 %s; SIGSTOP %s for %.1fs", killed.name, stopped.name, f.lasts.Seconds())
		killed.kill()
		stopped.signal(syscall.SIGSTOP)
		err := rest(ctx, f.lasts)
		stopped.signal(syscall.SIGCONT)
		err = errors.Join(err, rest(ctx, lockedAfter), killed.start())
		e.say.line("the table is released")
		return err
	})
}
