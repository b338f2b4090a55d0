package probes

import (
	"crypto/tls"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/setting"
)

// TLSDetails are the fields of an event that tell of a TLS connection, to be embedded in a probe's details. Nil is
// null: there was no TLS, or it did not get so far.
type TLSDetails struct {
	TLSVersion           *string `json:"tls_version"`
	CertificateExpiresAt *string `json:"certificate_expires_at"`
}

// AppendTLS writes them as events.FieldsAppender says.
func (d *TLSDetails) AppendTLS(to []byte) []byte {
	to = AppendOptional(append(to, `,"tls_version":`...), d.TLSVersion, events.AppendText)
	return AppendOptional(append(to, `,"certificate_expires_at":`...), d.CertificateExpiresAt, events.AppendText)
}

// Secured notes what a handshake told, also one that failed later.
func (d *TLSDetails) Secured(state *tls.ConnectionState) {
	if state.Version != 0 {
		version := tls.VersionName(state.Version)
		d.TLSVersion = &version
	}
	if expiry := CertificateExpiry(*state); expiry != nil {
		text := FormatTime(*expiry)
		d.CertificateExpiresAt = &text
	}
}

// TLSVerifies are the ways in which a probe's targets want certificates to be checked.
type TLSVerifies map[TLSVerify]struct{}

// CheckSystemRoots returns setting.Mistakes if one of them needs the system's authorities and this machine has none.
func (v TLSVerifies) CheckSystemRoots() error {
	var ms setting.Mistakes
	for verify := range v {
		if err := verify.CheckSystemRoots(); err != nil {
			ms.Add("PROBE_TLS_VERIFY", verify.String(), err)
			break // it is about the machine, so once is enough
		}
	}
	return ms.Err()
}
