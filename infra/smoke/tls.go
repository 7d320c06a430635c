package smoke

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const onLoopback skipped = "there is no TLS on loopback"

// plainHTTP expects port 80 to be closed, or to answer with an error or a redirect.
func plainHTTP(ctx context.Context, t *target) error {
	if t.loopback {
		return onLoopback
	}
	plain := *t.base
	plain.Scheme, plain.Host = "http", t.base.Hostname()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, plain.String()+"/activation", nil)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 5 * time.Second, CheckRedirect: noRedirect}
	response, err := client.Do(request)
	if err != nil {
		return nil // closed, as required
	}
	defer response.Body.Close()
	if response.StatusCode < http.StatusMultipleChoices {
		return fmt.Errorf("it answers %d", response.StatusCode)
	}
	return nil
}

// oldTLS expects the server to refuse the handshake.
func oldTLS(ctx context.Context, t *target) error {
	if t.loopback {
		return onLoopback
	}
	dialer := net.Dialer{Timeout: 5 * time.Second}
	connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(t.base.Hostname(), cmp.Or(t.base.Port(), "443")))
	if err != nil {
		return err
	}
	defer connection.Close()
	// The client must offer what the server is expected to refuse. The other checks
	// verify the certificate, and nothing is sent here.
	handshake := tls.Client(connection, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true})
	if err := handshake.HandshakeContext(ctx); err != nil {
		return nil
	}
	return errors.New("TLS 1.1 is accepted")
}
