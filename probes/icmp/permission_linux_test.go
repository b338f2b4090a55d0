package icmp

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uptimer/uptimer/internal/nettest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// A user whose container may not ping would be told something cryptic, or nothing, and would see outages.
func TestNotPermitted(t *testing.T) {
	t.Parallel()
	nettest.InOwnNetwork(t, "TestChildNotPermitted", "denied")
}

// TestChildNotPermitted is the child of TestNotPermitted.
func TestChildNotPermitted(t *testing.T) {
	if nettest.Task() != "denied" {
		return
	}
	nettest.LinkUp(t, "lo")
	permit(t, false)
	p := probeWith(t)
	var err error
	var own *probes.OwnFault
	withoutCapabilities(t, func() {
		err = p.Start()
		_, ownErr := probestest.Prepare(t, p, "icmp://127.0.0.1", targets.Options{}).Run(probestest.Within(t, probestest.Patience))
		if !errors.As(ownErr, &own) || own.Cause != probes.CausePermission {
			t.Errorf("a check says %v", ownErr)
		}
	})
	if err == nil {
		t.Fatal("the start was permitted")
	}
	_, groups, _ := strings.Cut(err.Error(), "of this process (") // those of whoever runs this test
	groups, _, _ = strings.Cut(groups, ")")
	beginning := `pinging IPv4 addresses is not permitted: the sysctl net.ipv4.ping_group_range is `
	covered := `"1 0", which covers no group of this process (` + groups + `), `
	if inUserNamespace() { // where groups have other numbers
		covered = strings.TrimPrefix(err.Error(), beginning)
		covered, _, _ = strings.Cut(covered, "and the capability")
	}
	want := beginning + covered + `and the capability CAP_NET_RAW is missing; one of the two is needed: sysctl -w net.ipv4.ping_group_range="0 2147483647", ` +
		`or CAP_NET_RAW (setcap cap_net_raw+ep on the program, systemd: AmbientCapabilities=CAP_NET_RAW); ` +
		`for a container --sysctl net.ipv4.ping_group_range="0 2147483647", or, if it runs as root, --cap-add NET_RAW`
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	permit(t, true)
	withoutCapabilities(t, func() { err = p.Start() }) // permitted meanwhile: it may be called again
	if err != nil {
		t.Fatal(err)
	}
	r, _ := runFor(t, probestest.Patience, probestest.Prepare(t, p, "icmp://127.0.0.1", targets.Options{}))
	expect(t, r, probes.OK, "", false)
}

// inUserNamespace tells whether users and groups have other numbers here than outside.
func inUserNamespace() bool {
	text, err := os.ReadFile("/proc/self/gid_map")
	return err == nil && !slices.Equal(strings.Fields(string(text)), []string{"0", "0", "4294967295"})
}

// withoutCapabilities calls f in a thread that may do no more than any user's.
func withoutCapabilities(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			t.Error(err)
			return
		}
		f()
	}()
	<-done
}

// A user would be told to set what is set already, or nothing about what is wrong with it.
func TestWhatIsMissing(t *testing.T) {
	refusal := errors.New("socket: permission denied")
	for _, c := range []struct {
		value      string
		unreadable error
		groups     []int
		want       string
	}{
		{"1 0", nil, []int{65534}, `the sysctl net.ipv4.ping_group_range is "1 0", which covers no group of this process (65534), and`},
		{"100 200", nil, []int{201, 99, 99}, `the sysctl net.ipv4.ping_group_range is "100 200", which covers no group of this process (99, 201), and`},
		{"0 2147483647", nil, []int{1000}, `the sysctl net.ipv4.ping_group_range is "0 2147483647", which covers a group of this process, but the kernel refuses a datagram socket (socket: permission denied), and`},
		{"", fs.ErrNotExist, []int{0}, `the sysctl net.ipv4.ping_group_range cannot be read (file does not exist), and`},
	} {
		if got := missingText(c.value, c.unreadable, c.groups, refusal); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q %v: %s", c.value, c.groups, got)
		}
	}
}

// A machine without IPv6 could not start, or its checks of IPv6 addresses would be outages.
func TestNoIPv6IsNoOutage(t *testing.T) {
	for err, want := range map[error]probes.Cause{
		errNoFamily:    probes.CauseRoute,
		errDenied:      probes.CausePermission,
		syscall.EMFILE: probes.CauseDescriptors,
		syscall.EINVAL: probes.CauseInternal,
		nil:            probes.CauseInternal,
	} {
		p := probeWith(t)
		p.ways[1].err = err
		_, got := probestest.Prepare(t, p, "icmp://[::1]", targets.Options{}).Run(probestest.Within(t, time.Second))
		var own *probes.OwnFault
		if !errors.As(got, &own) || own.Cause != want {
			t.Errorf("%v: %v, want the own fault %s", err, got, want)
		}
	}
}
