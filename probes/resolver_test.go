package probes

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// resolverOf is a resolver that asks a server of the test and has answered nobody yet.
func resolverOf(server string, patience time.Duration) *Resolver {
	return &Resolver{server: server, patience: patience}
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// A user whose name has addresses would see it down, or a connection over the family that was ruled out.
func TestLookupFindsAddresses(t *testing.T) {
	r := resolverOf(startDNS(t).addr, time.Hour)
	for _, c := range []struct {
		host   string
		family Family
		want   string // sorted
	}{
		{"both.example", FamilyAny, "127.0.0.1 ::1"},
		{"both.example", "", "127.0.0.1 ::1"},
		{"both.example", Family4, "127.0.0.1"},
		{"both.example", Family6, "::1"},
		{"both.example.", Family4, "127.0.0.1"},
		{"BOTH.example", Family4, "127.0.0.1"},
		{"long.example", FamilyAny, "127.0.0.1 ::1"},
		{"four.example", FamilyAny, "127.0.0.1"},
		{"mapped.example", FamilyAny, "127.0.0.9"},
		{"192.0.2.7", FamilyAny, "192.0.2.7"},
		{"::ffff:192.0.2.7", Family4, "192.0.2.7"},
		{"fe80::1%eth0", Family6, "fe80::1%eth0"},
	} {
		addrs, err := r.Lookup(within(t, 10*time.Second), c.host, c.family)
		if err != nil {
			t.Errorf("%s, family %s: %v", c.host, c.family, err)
			continue
		}
		texts := make([]string, len(addrs))
		for i, a := range addrs {
			texts[i] = a.String()
		}
		slices.Sort(texts)
		if got := strings.Join(texts, " "); got != c.want {
			t.Errorf("%s, family %s: got %s, want %s", c.host, c.family, got, c.want)
		}
	}
}

// A user would be told that a name does not exist when it only has no address of the family, or when a server failed.
func TestLookupSaysWhatIsMissing(t *testing.T) {
	server := startDNS(t).addr
	for _, c := range []struct {
		host   string
		family Family
		want   string
	}{
		{"gone.example", FamilyAny, "looking up gone.example: no such host (name does not exist)"},
		{"gone.example", Family6, "looking up gone.example: no such host (name does not exist)"},
		{"a..b", FamilyAny, "looking up a..b: no such host (not a name that can be asked for)"},
		{"none.example", FamilyAny, "looking up none.example: the name exists, but has no address"},
		{"four.example", Family6, "looking up four.example: the name exists, but has no IPv6 address"},
		{"six.example", Family4, "looking up six.example: the name exists, but has no IPv4 address"},
		{"mapped.example", Family6, "looking up mapped.example: the name exists, but has no IPv6 address"},
		{"192.0.2.7", Family6, "192.0.2.7 is no IPv6 address"},
		{"broken.example", Family4, "looking up broken.example: the DNS server " + server + " answered with a server failure (SERVFAIL)"},
		{"refused.example", FamilyAny, "looking up refused.example: the DNS server " + server + " answered with a refusal (REFUSED)"},
	} {
		_, err := resolverOf(server, time.Hour).Lookup(within(t, 10*time.Second), c.host, c.family)
		wantFailure(t, err, Failure{Reason: DNS, Text: c.want})
	}
}

// A name whose IPv4 question a server failed to answer would be called one without an address, because its IPv6
// question was answered. Seen to fail when allSettled always says yes.
func TestLookupIsNotContentWithHalfAnAnswer(t *testing.T) {
	server := startDNS(t).addr
	_, err := resolverOf(server, time.Hour).Lookup(within(t, 10*time.Second), "half.example", FamilyAny)
	wantFailure(t, err, Failure{Reason: DNS, Text: "looking up half.example: the DNS server " + server + " answered with a server failure (SERVFAIL)"})
}

// A user would not be told that it was the time that ran out.
func TestLookupTimesOut(t *testing.T) {
	server := startDNS(t).addr
	_, err := resolverOf(server, time.Hour).Lookup(within(t, 300*time.Millisecond), "mute.example", FamilyAny)
	wantFailure(t, err, Failure{DNS, "looking up mute.example: the DNS server " + server + " did not answer in time", true})
}

// A resolver that is down would be reported as the outage of every target. Seen to fail with a patience without end.
func TestSilentResolverIsOurOwnFault(t *testing.T) {
	server := startDNS(t).addr
	for _, host := range []string{"mute.example", "broken.example", "refused.example"} {
		_, err := resolverOf(server, 0).Lookup(within(t, 300*time.Millisecond), host, FamilyAny)
		wantOwnFault(t, err, CauseResolver)
	}
	closed := servertest.FreeAddress(t)
	_, err := resolverOf(closed, 0).Lookup(within(t, 10*time.Second), "both.example", FamilyAny)
	wantOwnFault(t, err, CauseResolver)
	_, err = resolverOf(closed, time.Hour).Lookup(within(t, 10*time.Second), "both.example", FamilyAny)
	wantFailure(t, err, Failure{Reason: DNS, Text: "looking up both.example: the DNS server " + closed + " cannot be asked: connection refused"})
}

// A name that is broken would be hidden as our own fault although the resolver answers everybody else.
func TestAnsweringResolverIsNotToBlame(t *testing.T) {
	r := resolverOf(startDNS(t).addr, time.Minute)
	r.silence.since = time.Now().Add(-time.Hour) // nobody got an answer for long
	_, err := r.Lookup(within(t, 10*time.Second), "broken.example", Family4)
	wantOwnFault(t, err, CauseResolver)
	if _, err = r.Lookup(within(t, 10*time.Second), "gone.example", Family4); err == nil {
		t.Fatal("gone.example exists")
	}
	_, err = r.Lookup(within(t, 10*time.Second), "broken.example", Family4)
	if f := new(Failure); !errors.As(err, &f) || f.Reason != DNS {
		t.Errorf("after a definite answer: got %v, want a failure with reason dns", err)
	}
}

// The five seconds would be counted from the wrong moment: a resolver that nobody asked for an hour is not silent.
func TestSilenceIsMeasuredFromQuestionOrAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s silence
		lasts := func(what string, want time.Duration) {
			t.Helper()
			if got := s.lasts(); got != want {
				t.Errorf("%s: silent for %v, want %v", what, got, want)
			}
		}
		time.Sleep(time.Hour)
		lasts("never asked", 0)
		s.asked()
		time.Sleep(4 * time.Second)
		s.asked()
		time.Sleep(time.Second)
		lasts("asked twice", 5*time.Second)
		s.answered()
		lasts("answered", 0)
		time.Sleep(3 * time.Second)
		s.asked()
		lasts("asked again", 3*time.Second)
	})
}

// A user could not give the DNS server by its name.
func TestLookupAsksAServerByName(t *testing.T) {
	_, port, _ := net.SplitHostPort(startDNS(t).addr)
	for host, want := range map[string]string{"localhost": "", "no-such-server.invalid": "no-such-server.invalid"} {
		_, err := resolverOf(net.JoinHostPort(host, port), time.Hour).Lookup(within(t, 10*time.Second), "four.example", Family4)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", host, err)
		}
	}
}

// Each check would leave sockets and goroutines behind for seconds when a DNS server is mute. Seen to fail when
// dnsConn does not end with the lookup's context.
func TestLookupLeavesNothingBehind(t *testing.T) {
	server := startDNS(t)
	r := resolverOf(server.addr, time.Hour)
	before := goleak.IgnoreCurrent()
	if _, err := r.Lookup(within(t, 50*time.Millisecond), "mute.example", FamilyAny); err == nil {
		t.Error("the mute name was found")
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := r.Lookup(ctx, "mute.example", FamilyAny); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	if err := unhurried.Leak(20*time.Second, before); err != nil {
		t.Error(err)
	}
}

// A name whose address has changed would be checked at its old address.
func TestLookupRemembersNothing(t *testing.T) {
	server := startDNS(t)
	r := resolverOf(server.addr, time.Hour)
	for i := 1; i <= 3; i++ {
		if _, err := r.Lookup(within(t, 10*time.Second), "four.example", Family4); err != nil {
			t.Fatal(err)
		}
		if got := server.questions(); got != i {
			t.Fatalf("after %d lookups the server was asked %d times", i, got)
		}
	}
}

// Two probes that ask the same server would not know of each other's answers.
func TestSharedResolver(t *testing.T) {
	if SharedResolver("192.0.2.53") != SharedResolver("192.0.2.53:53") {
		t.Error("two resolvers for one server")
	}
	if SharedResolver("") == SharedResolver("192.0.2.53") {
		t.Error("one resolver for two servers")
	}
}
