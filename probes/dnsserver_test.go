package probes

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/uptimer/uptimer/internal/servertest"
)

// fakeDNS is a DNS server on loopback, over UDP and TCP at the same port. It knows what the names begin with:
//
//	both, four, six   have addresses of these families; none exists without one
//	long              both, but only over TCP: over UDP the answer is cut
//	mapped            an IPv6 address that is an IPv4-mapped one
//	half              has no IPv6 address, says a late answer; the server fails to answer for IPv4
//	broken, refused   server failure, refusal
//	mute              never answered
//
// and that every other name does not exist.
type fakeDNS struct {
	addr  string
	mu    sync.Mutex
	asked int
}

func startDNS(t *testing.T) *fakeDNS {
	t.Helper()
	packets, streams := servertest.ListenBoth(t)
	s := &fakeDNS{addr: packets.LocalAddr().String()}
	var done sync.WaitGroup
	done.Go(func() { s.servePackets(packets, &done) })
	done.Go(func() { s.serveStreams(streams) })
	t.Cleanup(func() {
		_, _ = packets.Close(), streams.Close()
		done.Wait()
	})
	return s
}

func (s *fakeDNS) questions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *fakeDNS) servePackets(conn net.PacketConn, done *sync.WaitGroup) {
	for {
		buf := make([]byte, 4096)
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		done.Go(func() {
			if answer := s.answer(buf[:n], false); answer != nil {
				_, _ = conn.WriteTo(answer, from)
			}
		})
	}
}

func (s *fakeDNS) serveStreams(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err == nil {
			message := make([]byte, binary.BigEndian.Uint16(size[:]))
			if _, err := io.ReadFull(conn, message); err == nil {
				answer := s.answer(message, true)
				_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
			}
		}
		_ = conn.Close()
	}
}

// answer makes the answer to a message, nil if there is none.
func (s *fakeDNS) answer(message []byte, stream bool) []byte {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	var p dnsmessage.Parser
	head, err := p.Start(message)
	if err != nil {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	kind, _, _ := strings.Cut(strings.ToLower(q.Name.String()), ".")
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: head.ID, Response: true, RecursionDesired: true, RecursionAvailable: true},
		Questions: []dnsmessage.Question{q},
	}
	has4 := kind == "both" || kind == "four" || kind == "long"
	has6 := kind == "both" || kind == "six" || kind == "long"
	switch {
	case kind == "mute":
		return nil
	case kind == "half" && q.Type == dnsmessage.TypeAAAA:
		time.Sleep(200 * time.Millisecond)
	case kind == "broken", kind == "half":
		reply.RCode = dnsmessage.RCodeServerFailure
	case kind == "refused":
		reply.RCode = dnsmessage.RCodeRefused
	case kind == "long" && !stream:
		reply.Truncated = true
	case has4 && q.Type == dnsmessage.TypeA:
		reply.Answers = resource(q, &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}})
	case has6 && q.Type == dnsmessage.TypeAAAA:
		reply.Answers = resource(q, &dnsmessage.AAAAResource{AAAA: [16]byte{15: 1}})
	case kind == "mapped" && q.Type == dnsmessage.TypeAAAA:
		reply.Answers = resource(q, &dnsmessage.AAAAResource{AAAA: [16]byte{10: 255, 255, 127, 0, 0, 9}})
	case has4, has6, kind == "none", kind == "mapped":
	default:
		reply.RCode = dnsmessage.RCodeNameError
	}
	packed, _ := reply.Pack()
	return packed
}

func resource(q dnsmessage.Question, body dnsmessage.ResourceBody) []dnsmessage.Resource {
	return []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 60}, Body: body}}
}
