package icmp

import "fmt"

// What ICMP errors say, by their code: RFC 792, RFC 1122 and RFC 1812 for IPv4, RFC 4443 for IPv6.
var (
	unreachable4 = [...]string{
		0: "network unreachable", 1: "host unreachable", 2: "protocol unreachable", 3: "port unreachable",
		4: "packet too big", 5: "source route failed", 6: "network unknown", 7: "host unknown", 8: "host isolated",
		9: "network prohibited by an administrator", 10: "host prohibited by an administrator",
		11: "network unreachable for this kind of traffic", 12: "host unreachable for this kind of traffic",
		13: "prohibited by an administrator", 14: "host precedence violated", 15: "precedence cut off",
	}
	unreachable6 = [...]string{
		0: "no route to the host", 1: "prohibited by an administrator", 2: "beyond the scope of our address",
		3: "host unreachable", 4: "port unreachable", 5: "our address fails a policy", 6: "the route rejects it",
	}
)

// text says for people what happened to a packet.
func (f family) text(n notice) string {
	text := f.what(n.kind, n.code)
	if n.from.IsValid() {
		text += ", says " + n.from.WithZone("").String()
	}
	return text
}

func (f family) what(kind, code byte) string {
	codes := unreachable4[:]
	if f.v6() {
		codes = unreachable6[:]
	}
	switch {
	case kind == f.unreachable && int(code) < len(codes):
		return codes[code]
	case kind == f.unreachable:
		return fmt.Sprintf("unreachable (code %d)", code)
	case kind == f.exceeded && code == 0:
		return "too many hops on the way (a routing loop?)"
	case kind == f.exceeded:
		return "fragments went missing on the way"
	case kind == f.tooBig:
		return "packet too big for the way"
	}
	return "a router could not read the packet"
}
