package topic

import "encoding/binary"

// unkeyedRun is how many messages without a key go to one partition before it is the turn of the next: so that
// they make batches.
const unkeyedRun = 256

// partitioner chooses partitions as Java's clients do: by the murmur2 hash of the key, so that all events of a target
// lie in one partition whoever writes them. It is for one goroutine.
type partitioner struct {
	unkeyed int // messages without a key so far
}

// choose is the partition of a message, from 0 to partitions-1.
func (p *partitioner) choose(key []byte, partitions int) int {
	if key == nil {
		p.unkeyed++
		return (p.unkeyed - 1) / unkeyedRun % partitions
	}
	return int(murmur2(key)&0x7fffffff) % partitions
}

// murmur2 is the hash of Java's clients (org.apache.kafka.common.utils.Utils.murmur2): 32 bits, with its seed. The
// library has it too, but not for everybody, and gives away a list of all partitions for each message.
func murmur2(data []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := uint32(seed) ^ uint32(len(data)) //nolint:gosec // keys are short
	for ; len(data) >= 4; data = data[4:] {
		k := binary.LittleEndian.Uint32(data) * m
		k = (k ^ k>>r) * m
		h = h*m ^ k
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(data[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}
