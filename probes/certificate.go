package probes

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// CertificateExpiry is until when the peer's own certificate is valid (certificate_expires_at), nil if none is
// known. It is known also after a handshake that failed because of the certificate.
func CertificateExpiry(state tls.ConnectionState) *time.Time {
	if len(state.PeerCertificates) == 0 {
		return nil
	}
	expiry := state.PeerCertificates[0].NotAfter.UTC()
	return &expiry
}

// check verifies the peer's certificate for a host at the present time. serverName is a host name or address.
func (v TLSVerify) check(serverName string, certificates []*x509.Certificate) error {
	if v.off {
		return nil
	}
	if len(certificates) == 0 {
		return &Failure{Reason: Certificate, Text: "the server has no certificate"}
	}
	options := x509.VerifyOptions{Roots: v.roots, Intermediates: x509.NewCertPool()}
	for _, c := range certificates[1:] {
		options.Intermediates.AddCert(c)
	}
	_, err := certificates[0].Verify(options)
	var noRoots x509.SystemRootsError
	if errors.As(err, &noRoots) {
		return &OwnFault{CauseInternal, errors.New("this machine has no certificate authorities to check certificates against")}
	}
	var texts []string
	if err != nil {
		texts = append(texts, certificateText(err))
	}
	if err := certificates[0].VerifyHostname(serverName); err != nil {
		texts = append(texts, certificateText(err))
	}
	if len(texts) == 0 {
		return nil
	}
	return &Failure{Reason: Certificate, Text: strings.Join(texts, "; ")}
}

// certificateText says what is wrong with a certificate.
func certificateText(err error) string {
	var invalid x509.CertificateInvalidError
	var hostname x509.HostnameError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		return outOfDate(invalid.Cert)
	case errors.As(err, &hostname) && hostname.Certificate != nil:
		return wrongName(hostname)
	case errors.As(err, &authority):
		if c := authority.Cert; c != nil && slices.Equal(c.RawIssuer, c.RawSubject) {
			return "the certificate is self-signed and not trusted"
		}
		return "the certificate is from an unknown authority" + issuer(authority.Cert)
	}
	return "the certificate is not valid: " + plainText(err)
}

// outOfDate tells of a certificate whose time has not come, or is over. One of the authorities' can be meant too.
func outOfDate(c *x509.Certificate) string {
	whose := "the certificate"
	if c.IsCA {
		whose = "the authority's certificate " + Quote([]byte(c.Subject.CommonName))
	}
	if time.Now().Before(c.NotBefore) {
		return fmt.Sprintf("%s is not valid before %s", whose, c.NotBefore.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("%s expired on %s", whose, c.NotAfter.UTC().Format(time.RFC3339))
}

// maxNames bounds how many of a certificate's names are listed.
const maxNames = 5

func wrongName(err x509.HostnameError) string {
	c := err.Certificate
	var names []string
	if _, isAddress := netip.ParseAddr(err.Host); isAddress == nil {
		for _, ip := range c.IPAddresses {
			names = append(names, ip.String())
		}
	}
	for _, name := range c.DNSNames {
		names = append(names, Printable(name))
	}
	more := ""
	if len(names) > maxNames {
		more = fmt.Sprintf(" and %d more", len(names)-maxNames)
		names = names[:maxNames]
	}
	if len(names) == 0 {
		return fmt.Sprintf("the certificate is not for %s: it names no host", err.Host)
	}
	return fmt.Sprintf("the certificate is not for %s, only for %s%s", err.Host, strings.Join(names, ", "), more)
}

func issuer(c *x509.Certificate) string {
	if c == nil || c.Issuer.String() == "" {
		return ""
	}
	return " (" + Printable(c.Issuer.String()) + ")"
}

func isCertificateError(err error) bool {
	var invalid x509.CertificateInvalidError
	var hostname x509.HostnameError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &invalid) || errors.As(err, &hostname) || errors.As(err, &authority)
}
