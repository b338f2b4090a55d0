package targets

import (
	"crypto/sha1"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// appendCanonical appends the text that the target's id is made of: "name:" and its name if it has one, else its URL
// with lower-case punycode host, the port (for http, https and tcp), path and query, and without user, password and
// fragment. parts are those of its URL.
func (t Target) appendCanonical(dst []byte, parts Parts) []byte {
	if t.Name != "" {
		return append(append(dst, "name:"...), t.Name...)
	}
	return parts.appendCanonical(dst)
}

func (p Parts) appendCanonical(dst []byte) []byte {
	dst = append(append(dst, p.Scheme...), "://"...)
	if strings.Contains(p.Hostname, ":") {
		dst = append(dst, '[')
		dst = append(dst, strings.Replace(p.Hostname, "%", "%25", 1)...)
		dst = append(dst, ']')
	} else {
		dst = append(dst, p.Hostname...)
	}
	if p.Port != 0 {
		dst = strconv.AppendUint(append(dst, ':'), uint64(p.Port), 10)
	}
	return append(append(dst, p.Path...), p.Query...)
}

// idOf is the UUIDv5 of a canonical text in the URL name space, as uuid.NewSHA1 makes it but without garbage.
// scratch is reused.
func idOf(canonical []byte, scratch *[]byte) uuid.UUID {
	*scratch = append(append((*scratch)[:0], uuid.NameSpaceURL[:]...), canonical...)
	sum := sha1.Sum(*scratch)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 5<<4 // version 5
	id[8] = id[8]&0x3f | 0x80 // variant of RFC 9562
	return id
}
