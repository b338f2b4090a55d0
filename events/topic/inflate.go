package topic

import (
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/compress"
)

// maxInflated is how large a batch may be once it is decompressed. Honest ones are far below: a broker takes 1 MiB as
// they come compressed, and events shrink to a third or a tenth.
const maxInflated = 64 << 20

// The library decompresses a batch as a whole into memory, however large that becomes: 1 MiB of zeros' zstd would end
// the process. It asks this table for the decompressors, and has no other place to set a limit.
func init() { //nolint:gochecknoinits // before any client is made, and for all of them
	for i, codec := range compress.Codecs {
		if codec != nil {
			compress.Codecs[i] = bounded{codec}
		}
	}
}

// bounded is a codec that decompresses maxInflated at most.
type bounded struct{ compress.Codec }

// NewReader decompresses r.
func (b bounded) NewReader(r io.Reader) io.ReadCloser {
	return &boundedReader{b.Codec.NewReader(r), maxInflated}
}

type boundedReader struct {
	io.ReadCloser
	left int
}

// Read fails as soon as there is too much.
func (b *boundedReader) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("the batch is larger than %d MiB when it is decompressed; that is not read", maxInflated>>20)
	}
	return n, err
}
