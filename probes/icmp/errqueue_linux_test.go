package icmp

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
)

// controlOf is the control message of an entry of the error queue.
func controlOf(level, kind int32, data []byte) []byte {
	header := unix.Cmsghdr{Level: level, Type: kind}
	header.SetLen(unix.SizeofCmsghdr + len(data))
	out, err := binary.Append(nil, binary.NativeEndian, header)
	if err != nil {
		panic(err)
	}
	return append(append(out, data...), make([]byte, -len(data)&7)...)
}

// FuzzErrorQueue holds the parser to survive what could lie in the error queue, and to find nothing but ICMP errors.
func FuzzErrorQueue(f *testing.F) {
	request := ipv4Family.appendRequest(nil, echo{id: 7, sequence: 1, token: 2})
	extended := []byte{113, 0, 0, 0, unix.SO_EE_ORIGIN_ICMP, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 192, 0, 2, 254}
	f.Add(request, controlOf(unix.SOL_IP, unix.IP_RECVERR, extended), false)
	f.Add(request[:8], controlOf(unix.SOL_IP, unix.IP_RECVERR, extended[:16]), false)
	f.Add(request, controlOf(unix.SOL_IPV6, unix.IPV6_RECVERR, append([]byte{113, 0, 0, 0, 3, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10}, make([]byte, 27)...)), true)
	f.Add(request, []byte{255, 255, 255, 255, 255, 255, 255, 255}, true)
	f.Fuzz(func(t *testing.T, quoted, control []byte, v6 bool) {
		var to unix.Sockaddr = &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 7}}
		fam := ipv4Family
		if v6 {
			to, fam = &unix.SockaddrInet6{Addr: [16]byte{0x20, 1, 0xd, 0xb8}}, ipv6Family
		}
		n, ok := parseQueued(quoted, control, to)
		if ok && (!fam.isError(n.kind) || fam.text(n) == "" || !n.to.IsValid()) {
			t.Errorf("%x %x: %+v", quoted, control, n)
		}
	})
}

// A router that reports an outage would not be understood.
func TestErrorQueueEntry(t *testing.T) {
	request := ipv4Family.appendRequest(nil, echo{id: 7, sequence: 1, token: 2})
	extended := []byte{113, 0, 0, 0, unix.SO_EE_ORIGIN_ICMP, 3, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 192, 0, 2, 254}
	binary.NativeEndian.PutUint16(extended[extendedSize:], unix.AF_INET)
	n, ok := parseQueued(request, controlOf(unix.SOL_IP, unix.IP_RECVERR, extended), &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 7}})
	if text := ipv4Family.text(n); !ok || text != "host prohibited by an administrator, says 192.0.2.254" || n.to.String() != "192.0.2.7" || n.request.token != 2 || n.request.sequence != 1 {
		t.Errorf("%+v %v %s", n, ok, text)
	}
	extended[extendedOrigin] = unix.SO_EE_ORIGIN_LOCAL
	if _, ok := parseQueued(request, controlOf(unix.SOL_IP, unix.IP_RECVERR, extended), &unix.SockaddrInet4{}); ok {
		t.Error("an error of our own machine is taken for a router's")
	}
}
