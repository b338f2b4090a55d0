package icmp

import (
	"net"
	"net/netip"
)

// addrOf is the address of a peer as package net has it.
func addrOf(peer net.Addr) (addr netip.Addr) {
	switch a := peer.(type) {
	case *net.UDPAddr:
		addr = a.AddrPort().Addr()
	case *net.IPAddr:
		addr, _ = netip.AddrFromSlice(a.IP)
		addr = addr.WithZone(a.Zone)
	}
	return addr.Unmap()
}
