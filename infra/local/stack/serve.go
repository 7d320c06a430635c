package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"signpost/infra/local/lambda"
)

// isLambdaAPI tells requests for the Lambda API from those for the HTTP API.
func isLambdaAPI(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, lambda.APIPath)
}

// serve serves a listener until the stack stops.
func (s *Stack) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, server)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("the server of %s has ended: %w", listener.Addr(), err))
		}
	}()
}

// closeServers lets requests end that are being answered, for a moment.
func (s *Stack) closeServers() {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	var wait sync.WaitGroup
	for _, server := range s.servers {
		wait.Go(func() {
			if server.Shutdown(ctx) != nil {
				_ = server.Close()
			}
		})
	}
	wait.Wait()
}

// probe asks each address for anything at all.
func (s *Stack) probe(ctx context.Context) error {
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	for _, url := range []string{s.URL(), s.WebexURL()} {
		if url == "" {
			continue
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/", nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return fmt.Errorf("%s does not answer: %w", url, err)
		}
		_ = response.Body.Close()
	}
	return nil
}
