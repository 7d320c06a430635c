package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"
)

const onLoopback = "there is no TLS on loopback"

// plainHTTP expects no answer at all on port 80, or one that is of no use.
func plainHTTP(ctx context.Context, t *target) (string, error) {
	if t.loopback {
		return onLoopback, nil
	}
	plain := *t.base
	plain.Scheme, plain.Host = "http", t.base.Hostname()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, plain.String()+"/activation", nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Timeout: 5 * time.Second, CheckRedirect: noRedirect}
	response, err := client.Do(request)
	if err != nil {
		return "", nil // nobody listens: as it should be
	}
	defer response.Body.Close()
	if response.StatusCode < http.StatusMultipleChoices {
		return "", fmt.Errorf("it answers %d", response.StatusCode)
	}
	return "", nil
}

// oldTLS expects the handshake to fail.
func oldTLS(ctx context.Context, t *target) (string, error) {
	if t.loopback {
		return onLoopback, nil
	}
	port := t.base.Port()
	if port == "" {
		port = "443"
	}
	dialer := tls.Dialer{
		NetDialer: &net.Dialer{Timeout: 5 * time.Second},
		// What is refused here is refused by the server, not by us; whose
		// certificate it has is seen by the other checks, and nothing is sent.
		Config: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true},
	}
	connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(t.base.Hostname(), port))
	if err != nil {
		return "", nil
	}
	_ = connection.Close()
	return "", fmt.Errorf("TLS 1.1 is taken")
}
