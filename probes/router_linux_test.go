package probes

import (
	"net/netip"
	"testing"

	"github.com/uptimer/uptimer/internal/nettest"
)

// A network that a router or a firewall far away does not let through would be taken for our own trouble, and the
// outage be lost: the numbers of the errors are the same. Seen to fail when the route is not asked for.
func TestRouterAnswersAreOutages(t *testing.T) {
	nettest.InOwnNetwork(t, "TestChildRouterAnswers", "router")
}

// TestChildRouterAnswers is the child of TestRouterAnswersAreOutages.
func TestChildRouterAnswers(t *testing.T) {
	if nettest.Task() == "" {
		return
	}
	nettest.LinkUp(t, "lo")
	nettest.StartRouter(t, map[netip.Addr]nettest.Report{
		netip.MustParseAddr("198.51.100.1"): {Kind: 3, Code: 0},  // network unreachable
		netip.MustParseAddr("198.51.100.2"): {Kind: 3, Code: 1},  // host unreachable
		netip.MustParseAddr("198.51.100.3"): {Kind: 3, Code: 13}, // prohibited by an administrator
		netip.MustParseAddr("2001:db8::1"):  {Kind: 1, Code: 0},  // no route
		netip.MustParseAddr("2001:db8::2"):  {Kind: 1, Code: 1},  // prohibited by an administrator
		netip.MustParseAddr("2001:db8::3"):  {Kind: 1, Code: 3},  // address unreachable
	})
	for remote, want := range map[string]string{
		"198.51.100.1:9":  "network unreachable, says a router on the way",
		"198.51.100.2:9":  "host unreachable",
		"198.51.100.3:9":  "host unreachable",
		"[2001:db8::1]:9": "network unreachable, says a router on the way",
		"[2001:db8::2]:9": "prohibited, says a firewall on the way",
		"[2001:db8::3]:9": "host unreachable",
	} {
		wantFailure(t, dialing(t, remote), Failure{Unreachable, "connecting to " + remote + ": " + want, false})
	}
}
