package testbed

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"signpost/infra/local/lambda"
)

// Event returns API Gateway's event for a POST of body, as JSON.
func Event(routeKey string, parameters map[string]string, body any) (events.APIGatewayV2HTTPRequest, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return events.APIGatewayV2HTTPRequest{}, err
	}
	return events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: routeKey, PathParameters: parameters, Body: string(encoded),
		Headers: map[string]string{"content-type": "application/json"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: routeKey, HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST"},
		},
	}, nil
}

// Invoke sends the event through the Runtime API and returns how long the
// function took. An answer other than 200 is an error.
func Invoke(ctx context.Context, function *lambda.Function, event events.APIGatewayV2HTTPRequest) (time.Duration, error) {
	payload, err := json.Marshal(event)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	result, err := function.Invoke(ctx, payload)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	return took, checkAnswer(result)
}

func checkAnswer(result lambda.Result) error {
	var answer events.APIGatewayV2HTTPResponse
	if result.Outcome != lambda.OK || json.Unmarshal(result.Payload, &answer) != nil || answer.StatusCode != 200 {
		return fmt.Errorf("the function answered %.300s", result.Payload)
	}
	return nil
}
