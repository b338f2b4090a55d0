// Certificates makes a certificate authority and the certificates of a server on loopback and of a client, for tests:
// ca.pem, server.pem, server.key, server-both.pem (key and certificate in one file), client.pem, client.key.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "want: certificates FOLDER")
		os.Exit(2)
	}
	if err := makeAll(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "making certificates:", err)
		os.Exit(1)
	}
}

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// makeAll fills the folder.
func makeAll(folder string) error {
	if err := os.MkdirAll(folder, 0o711); err != nil {
		return err
	}
	ca := template("uptimer test authority")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	var root authority
	certificate, _, err := root.sign(ca)
	if err != nil {
		return err
	}
	server := template("127.0.0.1")
	server.DNSNames, server.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	serverPEM, serverKey, err := root.sign(server)
	if err != nil {
		return err
	}
	client := template("uptimer")
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	clientPEM, clientKey, err := root.sign(client)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"ca.pem": certificate, "server.pem": serverPEM, "server.key": serverKey, "client.pem": clientPEM,
		"client.key": clientKey, "server-both.pem": slices.Concat(serverKey, serverPEM),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// template is what all certificates have in common.
func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

// sign makes a certificate and its key, both as PEM. The first one that an authority signs is its own.
func (a *authority) sign(t *x509.Certificate) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if a.certificate == nil {
		a.certificate, a.key = t, private
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.certificate, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private) // the form that Java reads
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
}
