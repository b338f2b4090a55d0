package icmp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzHeard holds the socket to survive whatever the network sends, and to believe only who knows the token, or quotes
// a request that was sent.
func FuzzHeard(f *testing.F) {
	var token uint64 = 0x0123456789abcdef
	to4, to6 := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")
	request := ipv4Family.appendRequest(nil, echo{id: 7, sequence: uint16(token & 0xffff), token: token})
	f.Add(replyTo(request), false)
	f.Add(quoting(3, 1, request, to4, 8), false)
	f.Add(quoting(11, 0, request, to4, 42), false)
	f.Add([]byte{3, 1, 0, 0, 0, 0, 0, 0, 0x4f}, false)
	request6 := ipv6Family.appendRequest(nil, echo{id: 7, sequence: uint16(token & 0xffff), token: token})
	f.Add(slices.Concat([]byte{129}, request6[1:]), true)
	f.Add(slices.Concat([]byte{1, 3, 0, 0, 0, 0, 0, 0, 0x60, 0, 0, 0, 0, 0, 58, 0}, make([]byte, 16), to6.AsSlice(), request6), true)
	f.Fuzz(func(t *testing.T, heard []byte, v6 bool) {
		fam, to := ipv4Family, to4
		if v6 {
			fam, to = ipv6Family, to6
		}
		s := &socket{wire: &fakeWire{}, family: fam, id: 7, waiting: map[uint64]*series{}}
		w := newSeries(s, to, 1)
		w.token = token
		s.waiting[token] = w
		w.packets = append(w.packets, packet{sent: time.Since(w.began)})
		s.heard(heard, to, time.Now())
		hit := w.packets[0].settled
		knows := strings.Contains(string(heard), string(request[headerSize:headerSize+tokenSize]))
		quotes := strings.Contains(string(heard), string(to.AsSlice())) && strings.Contains(string(heard), string(request[4:8]))
		if hit && !knows && !quotes {
			t.Errorf("%x was believed", heard)
		}
		if hit != (w.settled == 1) || w.packets[0].failed != (w.why != "") || strings.ToValidUTF8(w.why, "") != w.why {
			t.Errorf("%x: %+v %q", heard, w.packets[0], w.why)
		}
	})
}
