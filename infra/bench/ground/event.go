package ground

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"

	"signpost/infra/local/lambda"
)

// Event is what API Gateway gives a function for a POST of body, as JSON.
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

// CheckAnswer is an error unless the function answered 200.
func CheckAnswer(result lambda.Result) error {
	var answer events.APIGatewayV2HTTPResponse
	if result.Outcome != lambda.OK || json.Unmarshal(result.Payload, &answer) != nil || answer.StatusCode != 200 {
		return fmt.Errorf("the function answered %.300s", result.Payload)
	}
	return nil
}
