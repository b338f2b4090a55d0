package probes

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A check would go on beyond its time, or be called cancelled when it was too slow.
func TestCheckContextEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCheckContext(t.Context(), time.Second)
		defer c.end(context.Canceled)
		child, cancel := context.WithCancel(c)
		defer cancel()
		called := make(chan struct{})
		defer context.AfterFunc(c, func() { close(called) })()
		time.Sleep(time.Second - time.Nanosecond)
		if end, ok := c.Deadline(); !ok || time.Until(end) != time.Nanosecond || c.Err() != nil || child.Err() != nil {
			t.Errorf("ended before its time: %v, %v", c.Err(), child.Err())
		}
		time.Sleep(time.Nanosecond)
		<-c.Done()
		<-child.Done()
		<-called
		for _, err := range []error{c.Err(), child.Err(), context.Cause(child)} {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}
		c.end(context.Canceled)
		if !errors.Is(c.Err(), context.DeadlineExceeded) {
			t.Errorf("the reason became %v", c.Err())
		}
	})
}

// A check that asks only when its time is over would be told that there is time left.
func TestCheckContextKnowsItsEndWithoutTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCheckContext(t.Context(), time.Second)
		time.Sleep(time.Second)
		if !errors.Is(c.Err(), context.DeadlineExceeded) {
			t.Errorf("got %v", c.Err())
		}
		<-c.Done()
	})
}

// Our shutdown would wait for checks in flight, or a connection that one check has left would be broken off when the
// next ends.
func TestCheckContextTellsThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCheckContext(t.Context(), time.Second)
		child, cancel := context.WithTimeout(c, time.Hour)
		defer cancel()
		calls := make(chan string, 3)
		unbind := afterCancel(c, func() { calls <- "taken back" })
		afterCancel(c, func() { calls <- "waiting" })
		if !unbind() || unbind() {
			t.Error("what was taken back once is not told so")
		}
		c.end(context.Canceled)
		<-child.Done()
		afterCancel(c, func() { calls <- "late" })
		synctest.Wait()
		if len(calls) != 2 || !errors.Is(child.Err(), context.Canceled) || !errors.Is(c.Err(), context.Canceled) {
			t.Errorf("%d calls, %v, %v", len(calls), child.Err(), c.Err())
		}
	})
}
