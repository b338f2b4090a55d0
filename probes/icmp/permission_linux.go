package icmp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// groupRange is the file that says which groups may open datagram sockets, of both families.
const groupRange = "/proc/sys/net/ipv4/ping_group_range"

func noFamily(err error) bool { return errors.Is(err, unix.EAFNOSUPPORT) }

func denied(err error) bool { return errors.Is(err, fs.ErrPermission) }

// whatIsMissing says what this process lacks to open a socket.
func whatIsMissing(datagramErr error) string {
	text, err := os.ReadFile(groupRange)
	groups, groupsErr := os.Getgroups()
	if groupsErr != nil {
		groups = nil
	}
	return missingText(strings.Join(strings.Fields(string(text)), " "), err, append([]int{os.Getegid()}, groups...), datagramErr)
}

// missingText says it of a value of the sysctl and the groups of a process.
func missingText(value string, unreadable error, groups []int, datagramErr error) string {
	slices.Sort(groups)
	groups = slices.Compact(groups)
	shown := make([]string, len(groups))
	for i, g := range groups {
		shown[i] = strconv.Itoa(g)
	}
	sysctl := fmt.Sprintf("the sysctl net.ipv4.ping_group_range is %q, which covers no group of this process (%s)", value, strings.Join(shown, ", "))
	switch {
	case unreadable != nil:
		sysctl = fmt.Sprintf("the sysctl net.ipv4.ping_group_range cannot be read (%v)", unreadable)
	case covers(value, groups):
		sysctl = fmt.Sprintf("the sysctl net.ipv4.ping_group_range is %q, which covers a group of this process, but the kernel refuses a datagram socket (%v)", value, datagramErr)
	}
	return sysctl + `, and the capability CAP_NET_RAW is missing; one of the two is needed: ` +
		`sysctl -w net.ipv4.ping_group_range="0 2147483647", or CAP_NET_RAW (setcap cap_net_raw+ep on the program, systemd: AmbientCapabilities=CAP_NET_RAW); ` +
		`for a container --sysctl net.ipv4.ping_group_range="0 2147483647", or, if it runs as root, --cap-add NET_RAW`
}

// covers tells whether a range "first last" holds one of the groups.
func covers(value string, groups []int) bool {
	var first, last int
	if _, err := fmt.Sscan(value, &first, &last); err != nil {
		return false
	}
	return slices.ContainsFunc(groups, func(g int) bool { return first <= g && g <= last })
}
