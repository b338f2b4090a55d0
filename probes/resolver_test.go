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

	"github.com/uptimer/uptimer/internal/setting"
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

// A name whose IPv4 question nobody answers would be called missing, because its IPv6 question was answered. Seen to
// fail when allSettled always says yes.
func TestLookupIsNotContentWithHalfAnAnswer(t *testing.T) {
	server := startDNS(t).addr
	_, err := resolverOf(server, time.Hour).Lookup(within(t, 300*time.Millisecond), "half.example", FamilyAny)
	wantFailure(t, err, Failure{DNS, "looking up half.example: the DNS server " + server + " did not answer in time", true})
}

// A resolver that is down would be reported as the outage of every target. Seen to fail with a patience without end.
func TestSilentResolverIsOurOwnFault(t *testing.T) {
	server := startDNS(t).addr
	for _, host := range []string{"mute.example", "broken.example", "refused.example"} {
		_, err := resolverOf(server, 0).Lookup(within(t, 300*time.Millisecond), host, FamilyAny)
		wantOwnFault(t, err, CauseResolver)
	}
	closed := closedPort(t)
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
	goleak.VerifyNone(t, before)
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

// A user would not learn what is wrong with PROBE_RESOLVER.
func TestParseResolver(t *testing.T) {
	const wrong = "not a DNS server; want host:port such as 192.0.2.53:53 or [2001:db8::53]:53"
	for text, want := range map[string]string{
		"":                   "",
		" 192.0.2.53 ":       "192.0.2.53:53",
		"192.0.2.53:5353":    "192.0.2.53:5353",
		"2001:db8::53":       "[2001:db8::53]:53",
		"[2001:db8::53]":     "[2001:db8::53]:53",
		"[2001:db8::53]:053": "[2001:db8::53]:53",
		"fe80::1%eth0":       "[fe80::1%eth0]:53",
		"dns.example":        "dns.example:53",
		"dns.example:54":     "dns.example:54",
		"dns.example:":       wrong,
		"dns.example:0":      wrong,
		"dns.example:65536":  wrong,
		"dns.example:domain": wrong,
		":53":                wrong,
		"udp://192.0.2.53":   wrong,
		"a:b:c":              wrong,
		"two words":          wrong,
	} {
		got, err := ParseResolver(text)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	err := NetworkConfig{Resolver: "udp://192.0.2.53"}.Validate()
	var ms setting.Mistakes
	if want := `PROBE_RESOLVER="udp://192.0.2.53": ` + wrong; !errors.As(err, &ms) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := (NetworkConfig{}).Validate(); err != nil {
		t.Errorf("unset: %v", err)
	}
}

// What ParseResolver accepts could not be dialed, or would change when it is read again.
func FuzzParseResolver(f *testing.F) {
	for _, text := range []string{"", "192.0.2.53", "[::1]:53", "dns.example:5", "fe80::1%eth0", "a:b:c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseResolver(text)
		if err != nil || first == "" {
			return
		}
		if _, _, err := net.SplitHostPort(first); err != nil {
			t.Errorf("%q became %q: %v", text, first, err)
		}
		if second, err := ParseResolver(first); err != nil || second != first {
			t.Errorf("%q became %q, and that %q (%v)", text, first, second, err)
		}
	})
}

// A user who writes another family would silently get any.
func TestParseFamily(t *testing.T) {
	for text, want := range map[string]Family{"any": FamilyAny, "Any": FamilyAny, " 4 ": Family4, "6": Family6} {
		if got, err := ParseFamily(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "ipv6", "46"} {
		if _, err := ParseFamily(text); err == nil || err.Error() != "unknown; want one of any, 4, 6" {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// closedPort is an address on loopback at which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().String()
}

func wantFailure(t *testing.T, err error, want Failure) {
	t.Helper()
	var got *Failure
	if !errors.As(err, &got) {
		t.Errorf("got %T %v, want the failure %q", err, err, want.Text)
		return
	}
	if *got != want {
		t.Errorf("\n got %+v\nwant %+v", *got, want)
	}
}

func wantOwnFault(t *testing.T, err error, want Cause) {
	t.Helper()
	var got *OwnFault
	if !errors.As(err, &got) || got.Cause != want {
		t.Errorf("got %T %v, want an own fault %s", err, err, want)
	}
}
