package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"signpost/shared/config"
	"signpost/shared/gateway"
	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

// unavailable is a table that does not answer.
type unavailable struct{}

func (unavailable) SaveLaunch(context.Context, launch.Launch) error { return errors.New("no table") }

// TestActivationOutlivesItsWelcome: what was activated stays so where the launch cannot be
// stored; the log says why there was no button.
func TestActivationOutlivesItsWelcome(t *testing.T) {
	a := activation{settings: config.Provider{WelcomeURL: "https://x.example.com/"}, welcomes: unavailable{}, now: time.Now}
	var log bytes.Buffer
	handler := gateway.Handle(slog.New(slog.NewJSONHandler(&log, nil)), time.Now, func(ctx context.Context, request gateway.Request) (gateway.Response, error) {
		return gateway.JSON(http.StatusOK, a.welcome(ctx, request, webex.Token{}, installation.Active))
	})
	answer, err := handler(t.Context(), events.APIGatewayV2HTTPRequest{})
	if err != nil || answer.StatusCode != http.StatusOK || answer.Body != `""` {
		t.Errorf("answered %+v, %v", answer, err)
	}
	for _, field := range []string{`"welcome":"failed"`, "no table"} {
		if !strings.Contains(log.String(), field) {
			t.Errorf("the log has no %s: %s", field, log.String())
		}
	}
}
