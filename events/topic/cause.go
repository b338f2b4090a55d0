package topic

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events"
)

// Refused is the error of a broker that will not have us however often we come: it is for people to mend.
type Refused struct {
	What  string // a sentence for people: who refuses what, and which variable to look at
	Cause error
}

// Error is one line.
func (r *Refused) Error() string { return fmt.Sprintf("%s: %v", r.What, r.Cause) }

// Unwrap returns what the broker, or the library, said.
func (r *Refused) Unwrap() error { return r.Cause }

// Is tells that it is events.ErrRefused.
func (r *Refused) Is(target error) bool { return target == events.ErrRefused }

// explain tells a broker that refuses us from one that cannot be reached now. A refusal becomes a *Refused. The
// library passes some of them on as a bare EOF, because the broker closes the connection without a word; what they
// mean depends on what we tried.
func (c Config) explain(broker string, err error) error {
	if what := c.refusal(err); what != "" {
		return &Refused{fmt.Sprintf("the broker %s %s", broker, what), plainer(err)}
	}
	return fmt.Errorf("the broker %s cannot be reached: %w", broker, plainer(err))
}

// plainer takes off the library's own names, which say nothing to a user.
func plainer(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil || !strings.HasPrefix(err.Error(), "kafka.(") {
			return err
		}
		err = inner
	}
}

// refusal is what a refusal means, or empty if err is none.
func (c Config) refusal(err error) string {
	if what := c.refusedCertificate(err); what != "" {
		return what
	}
	if what := c.refusedLogin(err); what != "" {
		return what
	}
	return c.refusedTalk(err)
}

func (c Config) refusedCertificate(err error) string {
	var wrongName x509.HostnameError
	var expired x509.CertificateInvalidError
	var unverified *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &wrongName):
		return "has a certificate for another host name (give the right name in KAFKA_BOOTSTRAP_SERVER, or set KAFKA_SSL_CHECK_HOSTNAME=false)"
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		return "has a certificate that is not valid at this time"
	case errors.As(err, &unverified):
		return "has a certificate that none of our authorities has signed (see KAFKA_SSL_CAFILE)"
	case strings.Contains(err.Error(), "remote error: tls:"):
		if c.CertFile == "" {
			return "wants a certificate of ours (set KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE)"
		}
		return "does not accept our certificate (see KAFKA_SSL_CERTFILE)"
	case errors.As(err, &record):
		return "does not speak TLS (see KAFKA_SECURITY_PROTOCOL)"
	}
	return ""
}

func (c Config) refusedLogin(err error) string {
	switch {
	case errors.Is(err, kafka.SASLAuthenticationFailed):
		return "does not accept user name and password (see KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD)"
	case errors.Is(err, kafka.UnsupportedSASLMechanism):
		return fmt.Sprintf("does not offer the mechanism %s at this port (see KAFKA_SASL_MECHANISM)", c.Mechanism)
	case errors.Is(err, kafka.IllegalSASLState):
		return "wants no user name at this port (see KAFKA_SECURITY_PROTOCOL)"
	case errors.Is(err, kafka.ClusterAuthorizationFailed):
		return "does not permit that user to work with the cluster"
	}
	return ""
}

// refusedTalk is about connections that were closed without a word.
func (c Config) refusedTalk(err error) string {
	var network *net.OpError
	if errors.As(err, &network) && network.Op == "dial" {
		return ""
	}
	switch {
	case strings.Contains(err.Error(), "expecting TLS"):
		return "speaks TLS at this port (see KAFKA_SECURITY_PROTOCOL)"
	case errors.Is(err, io.ErrUnexpectedEOF) && c.named():
		return "closed the connection in the middle of the login (see KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD)"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF) && !c.encrypted():
		return "closed the connection without a word: it may want TLS, or a user name (see KAFKA_SECURITY_PROTOCOL)"
	case errors.Is(err, io.EOF):
		return "closed the connection in the middle of the TLS handshake: it may not speak TLS at this port (see KAFKA_SECURITY_PROTOCOL)"
	}
	return ""
}

// PermissionError is a *Refused if err says that we may not do that with the topic or the group, else nil.
func PermissionError(doing string, err error) error {
	for _, code := range []kafka.Error{
		kafka.TopicAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed,
		kafka.TransactionalIDAuthorizationFailed,
	} {
		if errors.Is(err, code) {
			return &Refused{doing + " is not permitted to us", plainer(err)}
		}
	}
	return nil
}
