package light_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"signpost/shared/assembly/light"
	"signpost/shared/webex"
)

func TestCrossLaunch(t *testing.T) {
	for _, task := range []webex.Task{webex.AssignContent, webex.ManageContent} {
		log := slog.New(slog.DiscardHandler)
		_, err := light.CrossLaunch(task)(t.Context(), nil, log)
		for _, variable := range []string{"INSTALLATIONS_TABLE", "WEBEX_APP_ID", "SIGNAGE_URL, PWA_URL", "CONTENT_URL"} {
			if err == nil || !strings.Contains(err.Error(), variable) {
				t.Errorf("%s is not reported: %v", variable, err)
			}
		}
		handler, err := light.CrossLaunch(task)(t.Context(), map[string]string{
			"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1", "INSTALLATIONS_TABLE": "installations", "WEBEX_APP_ID": "6d93fe09-7130-4507-b261-3908b63428a4",
			"SIGNAGE_URL": "https://signage.example.com/", "CONTENT_URL": "https://content.example.com/",
		}, log)
		if err != nil {
			t.Fatal(err)
		}
		response, err := handler(t.Context(), events.APIGatewayV2HTTPRequest{})
		if err != nil || response.StatusCode != 400 {
			t.Errorf("%+v, %v", response, err)
		}
	}
}
