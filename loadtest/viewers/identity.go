package main

import (
	"crypto"
	_ "crypto/sha256" // For the fingerprint.
	"crypto/tls"
	"strings"

	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
)

// identity is the certificate of all transports: a thousand browsers on one machine would have made theirs before the
// storm.
type identity struct {
	certificate tls.Certificate
	parameters  dtlsParameters
}

func newIdentity() (*identity, error) {
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, err
	}
	value, err := fingerprint.Fingerprint(certificate.Leaf, fingerprintHash)
	if err != nil {
		return nil, err
	}
	ours := fingerprintOf(value)
	return &identity{certificate: certificate, parameters: dtlsParameters{Role: "client", Fingerprints: ours}}, nil
}

const fingerprintHash = crypto.SHA256

// fingerprintOf writes it as browsers do, in capitals: the SFU compares letter by letter.
func fingerprintOf(value string) []certificateFingerprint {
	return []certificateFingerprint{{Algorithm: "sha-256", Value: strings.ToUpper(value)}}
}
