package icmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/uptimer/uptimer/probes"
)

// sendOne sends the next request. It is noted before it is sent: the answer may be faster than we are.
func (w *series) sendOne(ctx context.Context) error {
	s := w.socket
	sequence := w.sequence(len(w.packets))
	s.mu.Lock()
	w.packets = append(w.packets, packet{})
	s.mu.Unlock()
	err := s.send(w)
	var own *probes.OwnFault
	if err == nil {
		return nil
	} else if errors.As(err, &own) {
		return own
	}
	addr := &net.IPAddr{IP: w.to.AsSlice(), Zone: w.to.Zone()} // so that Explain knows whom it is about
	err = probes.Explain(ctx, "sending an echo request to "+w.to.String(), &net.OpError{Op: "write", Net: "ip", Addr: addr, Err: err})
	var failure *probes.Failure
	if !errors.As(err, &failure) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.lost(sequence, failure.Text)
	return nil
}

// sendTries is how often a packet is tried. Each time but the last the error may be one that came for another packet
// just then, and nothing but a flood of them makes that likely twice.
const sendTries = 8

// A send buffer that is full is looked at again so often, and after that long each.
const (
	fullTries = 50
	fullRest  = time.Millisecond
)

// send sends the last request of a series. A socket with notices gives the error of an earlier packet, to whomever
// that went, to whoever calls next; so an error counts only if it comes again when the notices have been taken. The
// wait for room in the send buffer has an end, which package net's has not.
func (s *socket) send(w *series) (err error) {
	tries, full := sendTries, fullTries
	for {
		switch err = s.sendAndRead(w); {
		case err == nil:
			return nil
		case errors.Is(err, errFull) && full > 0:
			full--
			time.Sleep(fullRest)
		case errors.Is(err, errFull):
			return &probes.OwnFault{Cause: probes.CauseBuffers, Err: fmt.Errorf("sending an echo request to %s: %w", w.to, err)}
		default:
			if tries--; !s.wire.notices(s.failed) || tries == 0 {
				return err
			}
		}
	}
}

// mostAhead is how many may send before one of them reads: more than there are processors, mostly, and few beside what the
// kernel holds.
const mostAhead = 16

// sendAndRead sends, and reads what has come. While many checks send at once, Go lets them all run before it looks whether
// there is something to read; the kernel holds a few hundred packets meanwhile where net.core.rmem_max is 208 KiB, as on
// most machines, and drops the rest: hosts that are up would not have answered.
//
// Only reading needs the turn. It is a tenth of the work, and while sending needed it too, checks on two processors waited
// for each other.
func (s *socket) sendAndRead(w *series) error {
	s.ahead <- struct{}{}
	defer func() { <-s.ahead }()
	err := s.sendRequest(w)
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.settled(w) { // somebody else has read the answer
		return err
	}
	if _, readErr := s.readSome(w); readErr != nil { // that of an earlier packet, which listen will not see any more
		s.collect()
	}
	return err
}

// sendRequest sends the last request of a series once. The round trip begins here: to wait for a lane is no part of it.
func (s *socket) sendRequest(w *series) error {
	i := len(w.packets) - 1
	request := s.requests.Get().(*[]byte)
	defer s.requests.Put(request)
	*request = s.family.appendRequest((*request)[:0], echo{id: s.id, sequence: w.sequence(i), token: w.token})
	lane := <-s.lanes
	defer func() { s.lanes <- lane }()
	s.mu.Lock()
	w.packets[i].sent = time.Since(w.began)
	s.mu.Unlock()
	return s.wire.send(lane, *request, w.to)
}

// settled tells whether all that a series has sent is settled.
func (s *socket) settled(w *series) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return w.settled == len(w.packets)
}
