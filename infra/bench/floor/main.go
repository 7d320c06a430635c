// Command floor is the smallest function of this kind: Lambda's runtime, a DynamoDB
// client, and the check of a token's signature. The real functions are measured
// relative to it.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/golang-jwt/jwt/v5"
)

func main() {
	client := dynamodb.NewFromConfig(aws.Config{
		Region: os.Getenv("AWS_REGION"),
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
	})
	lambda.Start(func(ctx context.Context, token string) (string, error) {
		var claims jwt.RegisteredClaims
		if _, err := jwt.ParseWithClaims(token, &claims, key); err != nil {
			return "", err
		}
		_, err := client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: aws.String(os.Getenv("INSTALLATIONS_TABLE")),
			Item:      map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: claims.Subject}},
		})
		return claims.ID, err
	})
}

func key(*jwt.Token) (any, error) {
	return jwt.ParseECPublicKeyFromPEM([]byte(os.Getenv("PUBLIC_KEY")))
}
