// Package crosslaunch measures how long a cross-launch takes: in the handler of a warm
// process, and as the first request of a new one.
package crosslaunch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	"github.com/golang-jwt/jwt/v5"

	"signpost/infra/bench/measure"
	"signpost/infra/bench/report"
	"signpost/infra/bench/testbed"
	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/gateway"
	"signpost/shared/gateway/crosslaunch"
	"signpost/shared/launch"
	"signpost/shared/webex"
	"signpost/shared/webex/verifiertest"
	"signpost/shared/webex/webextest"
)

const (
	fewRounds  = 2000
	manyRounds = 200
	few        = 3
	many       = launch.MaxDevices

	maxFew = 200 * time.Microsecond
	// maxMany is 1 % of the handler's time limit. Reading the JSON of 10,000
	// devices takes most of it.
	maxMany = 15 * time.Millisecond
	// minSignature is the share of the small case that the signature check must
	// have: everything else should take little time.
	minSignature = 1.0 / 3
)

const region = "us-west-2_r"

// Warm measures the handler in this process, without the network to DynamoDB.
func Warm(ctx context.Context, t *testbed.Testbed, results *report.Report) error {
	w, err := newWarm(t.Stack.Webex())
	if err != nil {
		return err
	}
	handle := func(devices []launch.Device, less func() time.Duration) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			event, err := w.event(devices)
			if err != nil {
				return 0, err
			}
			if len(devices) > few {
				runtime.GC() // the handler must not pay for building the request
			}
			w.call, w.network = 0, 0
			began := time.Now()
			answer, err := w.handler(ctx, event)
			took := time.Since(began)
			if err == nil && answer.StatusCode != http.StatusOK {
				err = fmt.Errorf("answer %d %s", answer.StatusCode, answer.Body)
			}
			return took - less(), err
		}
	}
	inCall, onNetwork := func() time.Duration { return w.call }, func() time.Duration { return w.network }
	fewDevices, manyDevices := devices(few), devices(many)
	const small, smallAll, large, largeAll, signature = "few", "few, with the SDK", "many", "many, with the SDK", "signature"
	times, err := measure.InTurns(fewRounds, []measure.Subject[time.Duration]{
		{Name: small, Measure: handle(fewDevices, inCall)},
		{Name: smallAll, Measure: handle(fewDevices, onNetwork)},
		{Name: signature, Measure: w.signature},
	})
	if err != nil {
		return err
	}
	// Separately: otherwise the other subjects would pay for collecting their garbage.
	manyTimes, err := measure.InTurns(manyRounds, []measure.Subject[time.Duration]{
		{Name: large, Measure: handle(manyDevices, inCall)},
		{Name: largeAll, Measure: handle(manyDevices, onNetwork)},
	})
	if err != nil {
		return err
	}
	maps.Copy(times, manyTimes)
	median := func(name string) time.Duration { return measure.Median(times[name]) }
	share := measure.Ratio(median(signature), median(small))
	how := fmt.Sprintf("The handler from event to answer less the time in the client's TransactWriteItems, median of %d (of the long list %d) in turns; "+
		"with the SDK's own work (encoding, signing) and less the network only: %v and %v.", fewRounds, manyRounds, round(median(smallAll)), round(median(largeAll)))
	results.Add(
		atMost(fmt.Sprintf("warm cross-launch, %d devices", few), median(small), maxFew, how),
		atMost(fmt.Sprintf("warm cross-launch, %d devices", many), median(large), maxMany, how+fmt.Sprintf(" The body has %.1f MB.", float64(w.bodySize)/1e6)),
		report.Row{
			What: "signature check in the small case", Target: "≥ a third of it",
			Figure: fmt.Sprintf("%.0f %% (%v)", 100*share, round(median(signature))), Met: share >= minSignature,
			Notes: []string{"The same ES256 signature checked by itself, in the same turns."},
		},
	)
	return nil
}

func atMost(what string, took, most time.Duration, how string) report.Row {
	return report.Row{What: what, Target: fmt.Sprintf("≤ %v", most), Figure: fmt.Sprint(round(took)), Met: took <= most, Notes: []string{how}}
}

func round(d time.Duration) time.Duration { return d.Round(time.Microsecond) }

// warm is the handler as its function wires it, with a DynamoDB that accepts all.
type warm struct {
	cloud    *webextest.Cloud
	org      *webextest.Organization
	handler  gateway.Handler
	bodySize int
	// call is the time in the client's operations, network the time in its transport,
	// both since they were last reset.
	call, network time.Duration
}

func newWarm(cloud *webextest.Cloud) (*warm, error) {
	w := &warm{cloud: cloud, org: cloud.AddOrganization("Warm", region)}
	if _, err := cloud.MintActivation(w.org.ID()); err != nil {
		return nil, err
	}
	client := dynamo.NewClient(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), HTTPClient: w,
	}, w.timeCalls)
	verifier, err := verifiertest.New(cloud.AppID(), cloud.JWKSURLs(), nil, time.Now)
	if err != nil {
		return nil, err
	}
	provides := func(webex.Feature) bool { return true }
	issuer, err := launch.NewIssuer(dynamo.New(client, "table"), provides, "https://content.example.com/open?tab=signage")
	if err != nil {
		return nil, err
	}
	issuers := func(context.Context, webex.Token) (*launch.Issuer, error) { return issuer, nil }
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	w.handler = gateway.Handle(log, time.Now, crosslaunch.Serve(verifier, issuers, webex.AssignContent, time.Now))
	return w, nil
}

// timeCalls measures the client's operations, including all middleware.
func (w *warm) timeCalls(o *dynamodb.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("timeCalls",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				began := time.Now()
				out, metadata, err := next.HandleInitialize(ctx, in)
				w.call += time.Since(began)
				return out, metadata, err
			}), middleware.Before)
	})
}

// Do replaces the network: it reads the request and answers as DynamoDB does.
func (w *warm) Do(r *http.Request) (*http.Response, error) {
	began := time.Now()
	defer func() { w.network += time.Since(began) }()
	return dynamotest.Accepting{}.Do(r)
}

func (w *warm) event(devices []launch.Device) (events.APIGatewayV2HTTPRequest, error) {
	event, err := crossLaunch(w.cloud, w.org, devices)
	w.bodySize = max(w.bodySize, len(event.Body))
	return event, err
}

func crossLaunch(cloud *webextest.Cloud, org *webextest.Organization, devices []launch.Device) (events.APIGatewayV2HTTPRequest, error) {
	token, err := cloud.MintAction(org.ID(), webextest.ActionCrossLaunch, nil)
	if err != nil {
		return events.APIGatewayV2HTTPRequest{}, err
	}
	return testbed.Event("POST /crossLaunch/{feature}/assignContent", map[string]string{"feature": string(webex.DigitalSignage)},
		map[string]any{"jwt": token, "devices": devices})
}

// signature measures the check of a token's signature only.
func (w *warm) signature() (time.Duration, error) {
	token, err := w.cloud.MintAction(w.org.ID(), webextest.ActionCrossLaunch, nil)
	if err != nil {
		return 0, err
	}
	public, _ := w.cloud.PublicKey(region)
	last := strings.LastIndexByte(token, '.')
	signature, err := jwt.NewParser().DecodeSegment(token[last+1:])
	if err != nil {
		return 0, err
	}
	began := time.Now()
	err = jwt.SigningMethodES256.Verify(token[:last], signature, public)
	return time.Since(began), err
}
