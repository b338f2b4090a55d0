//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net/netip"

	"github.com/uptimer/uptimer/bench/field"
)

// The farm's ports.
const (
	httpPort    = 18080
	hangingPort = 18081
	failingPort = 18082
	httpsPort   = 18443
	tcpPort     = 18090
)

// secureAddresses is over how many addresses https targets are spread: the certificate names them all.
const secureAddresses = 50

// fields is what the farm must serve.
func (s scenario) fields() []field.Spec {
	switch s.kind {
	case "https":
		return []field.Spec{{Kind: field.HTTPS, Port: httpsPort}}
	case "tcp":
		return []field.Spec{{Kind: field.TCP, Port: tcpPort}}
	case "icmp":
		return nil // the kernel answers
	}
	return []field.Spec{
		{Kind: field.HTTP, Port: httpPort, Delay: s.delay, Close: s.kind == "http"},
		{Kind: field.HTTP, Port: hangingPort, Fault: field.Hang},
		{Kind: field.HTTP, Port: failingPort, Fault: field.Error},
	}
}

// address is the address of target i: each its own, so that no port is used up.
func (s scenario) address(i int) netip.Addr {
	if s.kind == "https" {
		i %= secureAddresses
	}
	i += 1 << 16 // 127.1.0.0 on
	return netip.AddrFrom4([4]byte{127, byte(i >> 16), byte(i >> 8), byte(i)})
}

// url is the URL of target i.
func (s scenario) url(i int) string {
	switch s.kind {
	case "https":
		return fmt.Sprintf("https://%s:%d/status/%d", s.address(i), httpsPort, i)
	case "tcp":
		return fmt.Sprintf("tcp://%s:%d", s.address(i), tcpPort)
	case "icmp":
		return fmt.Sprintf("icmp://%s", s.address(i))
	}
	port := httpPort
	switch {
	case i < s.hanging:
		port = hangingPort
	case s.sink == fromFullTopic && i%100 == 49: // events of all sorts are to be stored
		port = failingPort
	}
	return fmt.Sprintf("http://%s:%d/status", s.address(i), port)
}

// list is so many targets as CSV. Events that are stored are as people have them: of targets with a name, labels and an
// expression, which does not match each time.
func (s scenario) list(targets int) []byte {
	var b bytes.Buffer
	if s.sink == toStdout || s.sink == toKafka {
		b.WriteString("url\n")
		for i := range targets {
			b.WriteString(s.url(i) + "\n")
		}
		return b.Bytes()
	}
	b.WriteString("url,name,regex,labels\n")
	for i := range targets {
		regex := "Operational"
		if s.sink == fromFullTopic && i%100 == 99 {
			regex = "Degraded"
		}
		fmt.Fprintf(&b, "%s,service-%d,%s,team=team-%d;tier=%d\n", s.url(i), i, regex, i%37, i%3)
	}
	return b.Bytes()
}

// judges tells whether a target is judged: it is one of the list, and answers.
func (s scenario) judges(target netip.AddrPort) bool {
	a := target.Addr().As4()
	return target.Port() != hangingPort && int(a[1])<<16+int(a[2])<<8+int(a[3])-(1<<16) < s.targets()
}
