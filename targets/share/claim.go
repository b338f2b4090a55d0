package share

import (
	"encoding/binary"
	"errors"
	"math"
)

// claim is what a member tells the others when it joins: the slices that it has, and since which generation of the
// group.
type claim struct {
	generation int32
	slices     Slices
}

// claimVersion is the first byte of a claim: another one is another format.
const claimVersion = 1

// claimHead is version, generation and number of slices.
const claimHead = 1 + 4 + 4

// maxSlices keeps what others send from taking our memory. Brokers have fewer partitions.
const maxSlices = 1 << 20

var errNoClaim = errors.New("not a claim")

// encode writes the claim as it goes over the wire.
func (c claim) encode() []byte {
	b := make([]byte, 0, claimHead+len(c.slices.mine))
	b = append(b, claimVersion)
	b = binary.BigEndian.AppendUint32(b, uint32(c.generation))
	b = binary.BigEndian.AppendUint32(b, uint32(c.slices.of))
	return append(b, c.slices.mine...)
}

// decodeClaim reads what another member has sent. Nothing at all is the claim of one that has none.
func decodeClaim(b []byte) (c claim, err error) {
	if len(b) == 0 {
		return claim{}, nil
	}
	if len(b) < claimHead || b[0] != claimVersion {
		return claim{}, errNoClaim
	}
	generation, of := binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[5:])
	if generation > math.MaxInt32 || of > maxSlices || len(b)-claimHead != int(of+7)/8 {
		return claim{}, errNoClaim
	}
	if odd := of % 8; odd != 0 && b[len(b)-1]>>odd != 0 {
		return claim{}, errNoClaim // bits of slices that there are not
	}
	c = claim{generation: int32(generation), slices: newSlices(int(of))}
	copy(c.slices.mine, b[claimHead:])
	return c, nil
}
