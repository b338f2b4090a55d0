package postgres

import (
	"context"
	"log/slog"
	"time"

	"github.com/uptimer/uptimer/internal/lasting"
)

// When the upkeep is done: soon after the start, so that a writer which is started again and again does it too, and
// then so often that the partitions of the day after tomorrow are always there.
const (
	firstUpkeep = time.Minute
	nextUpkeep  = time.Hour
	upkeepTime  = 30 * time.Minute // one round takes at most
)

// keeper does the upkeep in a goroutine of its own.
type keeper struct {
	upkeep func(context.Context) error
	fault  lasting.Fault
	cancel context.CancelFunc
	done   chan struct{}
}

// keep starts a keeper; stop ends it.
func keep(upkeep func(context.Context) error, log *slog.Logger) *keeper {
	ctx, cancel := context.WithCancel(context.Background())
	k := &keeper{
		upkeep: upkeep, cancel: cancel, done: make(chan struct{}),
		fault: lasting.Fault{
			Log: log, Level: slog.LevelError,
			Began: "the upkeep of the partitions has failed; it is tried again", Ended: "the partitions are kept up again",
		},
	}
	go k.run(ctx)
	return k
}

// stop ends the upkeep and waits for its end, at most until ctx ends.
func (k *keeper) stop(ctx context.Context) error {
	k.cancel()
	select {
	case <-k.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *keeper) run(ctx context.Context) {
	defer close(k.done)
	for pause := firstUpkeep; ; pause = nextUpkeep {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := k.round(ctx); err == nil {
			k.fault.Over()
		} else if ctx.Err() == nil {
			k.fault.Happened("error", err)
		}
	}
}

// round does the upkeep once.
func (k *keeper) round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, upkeepTime)
	defer cancel()
	return k.upkeep(ctx)
}

// upkeep makes partitions ahead and drops old ones, with a connection of its own.
func (c Config) upkeep(ctx context.Context, log *slog.Logger) error {
	conn, err := c.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() {
		_ = conn.Close(ctx) // all that was done is committed
		<-conn.PgConn().CleanupDone()
	}()
	now := time.Now()
	if err := makePartitions(ctx, conn, ahead(now)); err != nil {
		return err
	}
	if c.Retention == 0 {
		return nil
	}
	return dropOld(ctx, conn, c.Retention.since(now), log)
}
