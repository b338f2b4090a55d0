package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/uptimer/uptimer/events"
)

// closeAll closes all writers at the same time, but not those that are still writing.
func closeAll(ctx context.Context, sinks []*sink) error {
	var closing sync.WaitGroup
	var errs []*error
	for _, s := range sinks {
		for _, o := range s.outlets {
			if !o.ended {
				continue
			}
			err := new(error)
			errs = append(errs, err)
			closing.Go(func() { *err = closeWriter(ctx, o.writer, o.guard) })
		}
	}
	closing.Wait()
	var all error
	for _, err := range errs {
		all = errors.Join(all, *err)
	}
	return all
}

// closeWriter closes the writer, with a context that the end of ctx does not touch. That nobody is behind it any
// more is no error.
func closeWriter(ctx context.Context, w events.Writer, g *guard) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	closed := make(chan error, 1)
	go func() {
		var err error
		defer func() { closed <- err }()
		err = g.run(func() error { return w.Close(ctx) })
	}()
	late := time.NewTimer(closeTime + overtime)
	defer late.Stop()
	select {
	case err := <-closed:
		if err == nil || saysOnly(err, []error{events.ErrWriterGone}) {
			return nil
		}
		return fmt.Errorf("closing %s: %w", g.who, err)
	case <-late.C:
		return fmt.Errorf("closing %s: Close has not returned after %v", g.who, closeTime+overtime)
	}
}
