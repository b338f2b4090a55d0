package kafka

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// If this failed, a partition with large messages would never be read beside others with small ones, which take what
// is free before there is enough for it. (Seen to fail without the turn.)
func TestABudgetPassesNobodyOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b := newBudget(100, func() {})
		var others sync.WaitGroup
		for i := range 4 { // they overlap, so the budget is never whole
			others.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				for b.take(ctx, 30) == nil {
					time.Sleep(4 * time.Second)
					b.give(30)
				}
			})
		}
		time.Sleep(10 * time.Second)
		waiting, stop := context.WithTimeout(ctx, time.Hour)
		defer stop()
		if err := b.take(waiting, 500); err != nil {
			t.Errorf("%v after an hour", err)
		}
		b.give(500)
		cancel()
		others.Wait()
	})
}

// If this failed, a reader would not end while the writer holds everything.
func TestABudgetWaitsNoLongerThanItsContext(t *testing.T) {
	b := newBudget(100, func() {})
	if err := b.take(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for range 2 { // one has the turn, one waits for it
		go func() { ended <- b.take(ctx, 1) }()
	}
	cancel()
	for range 2 {
		if err := <-ended; err == nil {
			t.Error("there was something left")
		}
	}
	b.give(100)
	if err := b.take(t.Context(), 100); err != nil {
		t.Error(err)
	}
}

// If this failed, a reader with little memory would wait for the writer, and the writer for more events, until these are
// old enough: a page every two seconds. (Seen to fail without hand's mention, and without take's.)
func TestABudgetSaysThatNothingMoreCanCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := 0
		b := newBudget(100, func() { said++ })
		wait := func(want int) {
			t.Helper()
			synctest.Wait()
			if said != want {
				t.Errorf("said %d times, want %d", said, want)
			}
		}
		for range 2 {
			if err := b.take(t.Context(), 50); err != nil {
				t.Fatal(err)
			}
		}
		ended := make(chan error)
		go func() { ended <- b.take(t.Context(), 50) }()
		wait(0) // the writer has nothing: it is the broker who is waited for
		b.hand(49)
		wait(0)
		b.hand(1)
		wait(1)
		b.hand(50)
		wait(2)
		b.settle(50)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		wait(2) // nobody waits
		b.hand(50)
		wait(2)
		go func() { ended <- b.take(t.Context(), 1) }()
		wait(3)
		b.settle(100)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
