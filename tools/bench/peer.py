"""The same job with PyJWT and boto3: settings from SSM, keys from the issuer, an IAM policy."""

import json
import os

import boto3
import jwt

PREFIX = os.environ["AUTHORIZER_SETTINGS"].removeprefix("ssm:")
PAGE = boto3.client("ssm").get_parameters_by_path(Path=PREFIX, Recursive=True, WithDecryption=True)
PROVIDER = json.loads(
    next(one["Value"] for one in PAGE["Parameters"] if one["Name"] == f"{PREFIX}/providers/idp")
)
KEYS = jwt.PyJWKClient(PROVIDER["jwks_uri"])


def handler(event, _context):
    token = event["headers"]["Authorization"].removeprefix("Bearer ")
    try:
        claims = jwt.decode(
            token,
            KEYS.get_signing_key_from_jwt(token).key,
            algorithms=["RS256", "ES256"],
            issuer=PROVIDER["issuer"],
            options={"require": ["exp", "iss"], "verify_aud": False},
        )
    except jwt.PyJWTError as error:
        raise Exception("Unauthorized") from error
    if claims["client_id"] not in PROVIDER["client_ids"]:
        raise Exception("Unauthorized")
    api, stage, *_ = event["methodArn"].split("/")
    return {
        "principalId": claims["sub"],
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api}/{stage}/*"}
            ],
        },
        "context": {"username": claims["username"]},
    }
