package topic

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"github.com/uptimer/uptimer/internal/setting"
)

// Config is how a Kafka cluster is reached. Readers and writers embed it.
type Config struct {
	Brokers   setting.Words  `envconfig:"KAFKA_BOOTSTRAP_SERVER" desc:"brokers to begin with: host:port, or a comma list of them"`
	Protocol  string         `envconfig:"KAFKA_SECURITY_PROTOCOL" desc:"PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL (default: PLAINTEXT; SSL once a CA file is given; with a user name SASL_… of these)"`
	CAFile    string         `envconfig:"KAFKA_SSL_CAFILE" desc:"PEM file of the authorities that may sign the brokers' certificates (default: those of the system)"`
	CertFile  string         `envconfig:"KAFKA_SSL_CERTFILE" desc:"PEM file of our own certificate, if the brokers want one"`
	KeyFile   string         `envconfig:"KAFKA_SSL_KEYFILE" desc:"PEM file of the key of our own certificate"`
	CheckName setting.YesNo  `envconfig:"KAFKA_SSL_CHECK_HOSTNAME" default:"true" desc:"whether a broker's certificate must be for the name that it is called by"`
	Mechanism string         `envconfig:"KAFKA_SASL_MECHANISM" default:"PLAIN" desc:"PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"`
	User      string         `envconfig:"KAFKA_SASL_USERNAME" desc:"user name, if the brokers want one"`
	Password  setting.Secret `envconfig:"KAFKA_SASL_PASSWORD" desc:"password of that user"`
}

// Validate returns setting.Mistakes, all at once. It also looks at the files.
func (c Config) Validate() error {
	var ms setting.Mistakes
	c.checkBrokers(&ms)
	protocol := c.protocol()
	if err := setting.OneOf(protocol, "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"); err != nil {
		ms.Add("KAFKA_SECURITY_PROTOCOL", c.Protocol, err)
		return ms.Err()
	}
	if _, err := c.tls(); err != nil {
		ms.Join("", err)
	}
	if _, err := c.sasl(); err != nil {
		ms.Join("", err)
	}
	return ms.Err()
}

func (c Config) checkBrokers(ms *setting.Mistakes) {
	if len(c.Brokers) == 0 {
		ms.Add("KAFKA_BOOTSTRAP_SERVER", "", errors.New("not set; want a broker such as localhost:9092, or a comma list of them"))
	}
	for _, b := range c.Brokers {
		host, port, err := net.SplitHostPort(b)
		if n, wrong := net.LookupPort("tcp", port); err != nil || host == "" || wrong != nil || n == 0 || strings.ContainsAny(b, "/ \t") {
			ms.Add("KAFKA_BOOTSTRAP_SERVER", b, errors.New("not the address of a broker; want host:port such as localhost:9092"))
		}
	}
}

// protocol is the one in force: as it is set, or as the other settings suggest.
func (c Config) protocol() string {
	if c.Protocol != "" {
		return strings.ToUpper(strings.TrimSpace(c.Protocol))
	}
	protocol := "PLAINTEXT"
	if c.CAFile != "" {
		protocol = "SSL"
	}
	if c.User == "" {
		return protocol
	}
	return "SASL_" + protocol
}

// encrypted tells whether connections are to use TLS.
func (c Config) encrypted() bool { return strings.HasSuffix(c.protocol(), "SSL") }

// named tells whether connections are to begin with a user name and password.
func (c Config) named() bool { return strings.HasPrefix(c.protocol(), "SASL") }

// tls is nil if connections are not to be encrypted. Its error is setting.Mistakes.
func (c Config) tls() (*tls.Config, error) {
	var ms setting.Mistakes
	if !c.encrypted() {
		for _, f := range []struct{ name, value string }{
			{"KAFKA_SSL_CAFILE", c.CAFile}, {"KAFKA_SSL_CERTFILE", c.CertFile}, {"KAFKA_SSL_KEYFILE", c.KeyFile},
		} {
			if f.value != "" {
				ms.Add(f.name, f.value, fmt.Errorf("set, but KAFKA_SECURITY_PROTOCOL is %s; want SSL or SASL_SSL there, or not this", c.protocol()))
			}
		}
		return nil, ms.Err()
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	t.RootCAs = c.authorities(&ms)
	t.Certificates = c.ownCertificate(&ms)
	if !c.CheckName {
		t.InsecureSkipVerify = true //nolint:gosec // only the name is not looked at: the chain is verified below
		t.VerifyConnection = verifyChain(t.RootCAs)
	}
	return t, ms.Err()
}

// verifyChain checks that a certificate was signed by one of the authorities, whatever its name is.
func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, c := range s.PeerCertificates[1:] {
			options.Intermediates.AddCert(c)
		}
		if _, err := s.PeerCertificates[0].Verify(options); err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
		}
		return nil
	}
}

// authorities are those of the CA file; nil stands for those of the system.
func (c Config) authorities(ms *setting.Mistakes) *x509.CertPool {
	if c.CAFile == "" {
		return nil
	}
	pem := readFile("KAFKA_SSL_CAFILE", c.CAFile, ms)
	if pem == nil {
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		ms.Add("KAFKA_SSL_CAFILE", c.CAFile, errors.New("holds no certificate; want a PEM file with one or more"))
	}
	return pool
}

// ownCertificate is what we show to brokers that ask.
func (c Config) ownCertificate(ms *setting.Mistakes) []tls.Certificate {
	switch {
	case c.CertFile == "" && c.KeyFile == "":
		return nil
	case c.KeyFile == "":
		ms.Add("KAFKA_SSL_KEYFILE", "", errors.New("not set, but KAFKA_SSL_CERTFILE is; want both or none"))
		return nil
	case c.CertFile == "":
		ms.Add("KAFKA_SSL_CERTFILE", "", errors.New("not set, but KAFKA_SSL_KEYFILE is; want both or none"))
		return nil
	}
	cert, key := readFile("KAFKA_SSL_CERTFILE", c.CertFile, ms), readFile("KAFKA_SSL_KEYFILE", c.KeyFile, ms)
	if cert == nil || key == nil {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		ms.Add("KAFKA_SSL_CERTFILE", c.CertFile, fmt.Errorf("no certificate for the key in %s: %w; want PEM files of a certificate and of its key, without a password", c.KeyFile, err))
		return nil
	}
	return []tls.Certificate{pair}
}

// readFile is nil if the file cannot be read; then there is a mistake more.
func readFile(name, path string, ms *setting.Mistakes) []byte {
	content, err := os.ReadFile(path)
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		ms.Add(name, path, fmt.Errorf("cannot be read: %w; want the path of a PEM file", err))
		return nil
	}
	if content == nil {
		content = []byte{}
	}
	return content
}

// sasl is nil if no user name is to be given. Its error is setting.Mistakes.
func (c Config) sasl() (sasl.Mechanism, error) {
	var ms setting.Mistakes
	name := strings.ToUpper(strings.TrimSpace(c.Mechanism))
	if err := setting.OneOf(name, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"); err != nil {
		ms.Add("KAFKA_SASL_MECHANISM", c.Mechanism, err)
	}
	if !c.named() {
		c.checkNameless(&ms)
		return nil, ms.Err()
	}
	if c.User == "" {
		ms.Add("KAFKA_SASL_USERNAME", "", fmt.Errorf("not set, but KAFKA_SECURITY_PROTOCOL is %s; want a user name", c.protocol()))
	}
	if c.Password == "" {
		ms.Add("KAFKA_SASL_PASSWORD", "", fmt.Errorf("not set, but KAFKA_SECURITY_PROTOCOL is %s; want the user's password", c.protocol()))
	}
	if len(ms) > 0 {
		return nil, ms
	}
	if name == "PLAIN" {
		return plain.Mechanism{Username: c.User, Password: string(c.Password)}, nil
	}
	algorithm := scram.SHA256
	if name == "SCRAM-SHA-512" {
		algorithm = scram.SHA512
	}
	mechanism, err := scram.Mechanism(algorithm, c.User, string(c.Password))
	if err != nil { // it repeats the one that cannot be used
		ms.Add("KAFKA_SASL_PASSWORD", c.Password.String(), fmt.Errorf("user name or password has a character that %s does not permit; want no control characters in them", name))
		return nil, ms
	}
	return mechanism, nil
}

// checkNameless finds what is set for a login where there is none: connections would be open without anybody's knowing.
func (c Config) checkNameless(ms *setting.Mistakes) {
	switch {
	case c.User != "":
		ms.Add("KAFKA_SASL_USERNAME", c.User, fmt.Errorf("set, but KAFKA_SECURITY_PROTOCOL is %s; want SASL_%s there, or no user name", c.protocol(), c.protocol()))
	case c.Password != "":
		ms.Add("KAFKA_SASL_USERNAME", "", errors.New("not set, but KAFKA_SASL_PASSWORD is; want both or none"))
	}
}

var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// CheckName says what is wrong with the name of a topic.
func CheckName(name string) error {
	if !topicName.MatchString(name) || name == "." || name == ".." {
		return errors.New("no name of a topic; want up to 249 letters, digits, dots, underscores and hyphens")
	}
	return nil
}

// ProducerConfig is how messages are put on a topic.
type ProducerConfig struct {
	Partitions  setting.Count `envconfig:"KAFKA_TOPIC_PARTITIONS" default:"12" desc:"how many partitions a topic gets that is missing and created"`
	Compression Compression   `envconfig:"KAFKA_COMPRESSION" default:"lz4" desc:"none, gzip, snappy, lz4 or zstd"`
}

// Validate returns setting.Mistakes.
func (c ProducerConfig) Validate() error {
	var ms setting.Mistakes
	if c.Partitions < 1 || c.Partitions > 10_000 {
		ms.Add("KAFKA_TOPIC_PARTITIONS", c.Partitions.String(), errors.New("not a number of partitions; want 1 to 10000"))
	}
	return ms.Err()
}

// Compression is how batches are compressed.
type Compression kafka.Compression

// Decode reads the name of a compression.
func (c *Compression) Decode(text string) error {
	text = strings.ToLower(strings.TrimSpace(text))
	if err := setting.OneOf(text, "none", "gzip", "snappy", "lz4", "zstd"); err != nil {
		return err
	}
	if text == "none" {
		*c = 0
		return nil
	}
	return (*kafka.Compression)(c).UnmarshalText([]byte(text))
}
