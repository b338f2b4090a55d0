package probes

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/nettest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// An answer that lay here until a busy machine read it would have taken the target as long.
func TestTheTimeThatAnAnswerLiesHereIsNotTheTargets(t *testing.T) {
	unhurried.Try(t, func(t testing.TB, times time.Duration) {
		s, other := connected(t)
		rest := 100 * time.Millisecond * times
		began := time.Now()
		if _, err := other.Write([]byte("answer")); err != nil {
			t.Fatal(err)
		}
		sent := time.Now()
		time.Sleep(rest)
		if _, err := s.Read(make([]byte, 6)); err != nil {
			t.Fatal(err)
		}
		if at := Arrival(s); at.Before(began) || at.After(sent.Add(rest/2)) {
			t.Errorf("it came %v after it was sent, and %v before it was read", at.Sub(began), time.Since(at))
		}
		_ = s.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := s.Read(make([]byte, 6)); err == nil || time.Since(Arrival(s)) > rest/2 {
			t.Errorf("%v, and a read that fails ends %v before now", err, time.Since(Arrival(s)))
		}
	})
}

// A connection that package net has opened knows no such time.
func TestArrivalOfOthersIsNow(t *testing.T) {
	before := time.Now()
	if at := Arrival(&net.TCPConn{}); at.Before(before) || at.After(time.Now()) {
		t.Errorf("got %v", at)
	}
}

// An answer whose first half was lost and came again later would have come with its second half, which was not: the
// kernel's stamp is that of the last byte. Seen to fail when the order is not asked for.
func TestALostPacketTakesItsTime(t *testing.T) {
	nettest.InOwnNetwork(t, "TestChildLostPacket", "lossy")
}

// TestChildLostPacket is the child of TestALostPacketTakesItsTime.
func TestChildLostPacket(t *testing.T) {
	if nettest.Task() == "" {
		return
	}
	const again = 300 * time.Millisecond
	server := netip.MustParseAddr("203.0.113.2")
	nettest.StartLossyServer(t, server, "first ", "second", again)
	s, err := connect(within(t, unhurried.Patience), netip.AddrPortFrom(server, 80), noDeadline)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	asked := time.Now()
	if _, err := s.Write([]byte("?")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 12)
	n, err := s.Read(answer)
	if err != nil || string(answer[:n]) != "first second" {
		t.Errorf("got %q, %v", answer[:n], err)
	}
	if took := Arrival(s).Sub(asked); took < again {
		t.Errorf("it seems to have come after %v, and it was whole after %v", took, again)
	}
}

// A wall clock that is stepped would make an answer come before it was asked for.
func TestAStampThatCannotBeIsNone(t *testing.T) {
	now := time.Now().UnixNano()
	for name, test := range map[string]struct {
		stamp int64
		known bool
	}{
		"a moment ago":   {now - int64(time.Millisecond), true},
		"in the future":  {now + int64(time.Hour), false},
		"too long ago":   {now - int64(time.Hour), false},
		"said by nobody": {0, false},
	} {
		if at := arrivedAt(test.stamp, time.Now()); at.IsZero() == test.known {
			t.Errorf("%s: %v", name, at)
		}
	}
}

// The parts of a check would not add up to its time.
func TestALapThatEndedBeforeTheLastTakesNothing(t *testing.T) {
	s := StartStopwatch()
	lap := s.Lap(PhaseConnect)
	if took := s.LapAt(PhaseWait, s.Began().Add(-time.Hour)); took != 0 || s.Total() != lap {
		t.Errorf("it took %v, all %v; want 0 and %v", took, s.Total(), lap)
	}
	if took := s.StopAt(s.Began().Add(time.Hour)); took != time.Hour || s.Total() != time.Hour {
		t.Errorf("stopped after an hour it took %v, all %v", took, s.Total())
	}
}

// Stamps would be of no use, or be believed when the wall clock was stepped, or when the kernel says nothing of the order.
func TestStampsAreLookedAtTwice(t *testing.T) {
	s, other := connected(t)
	if _, err := other.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(make([]byte, 6)); err != nil || s.reordered() {
		t.Errorf("%v; packets in order seem reordered: %t", err, s.reordered())
	}
	if !(&socket{fd: -1}).reordered() {
		t.Error("without an answer of the kernel, packets seem in order")
	}
	for wall, stepped := range map[time.Duration]bool{time.Second: false, 2 * time.Second: true, -time.Hour: true} {
		if clockStepped(wall, time.Second) != stepped {
			t.Errorf("a second in which the wall clock went on by %v: stepped %t", wall, !stepped)
		}
	}
}
