"""moto's server, with what its CloudFormation lacks of the types in template.yaml.

moto has the services, and its CloudFormation resolves the intrinsic functions. It does not know
these types, or ignores the definition of a REST API: each function below makes one from its
resolved properties, in the service that the tests then read over HTTP.
"""

import copy
import sys

from moto.apigateway.models import RestAPI, apigateway_backends
from moto.awslambda.models import LambdaVersion
from moto.awslambda.utils import get_backend as lambda_backend
from moto.cloudformation import parsing
from moto.cloudwatch.models import cloudwatch_backends
from moto.cognitoidp.models import cognitoidp_backends
from moto.core.common_models import CloudFormationModel
from moto.server import main

# A class is known to CloudFormation while something refers to it.
TYPES = []
ANY = "x-amazon-apigateway-any-method"


def makes(resource_type):
    """A function that makes a resource of a type and returns its physical id."""

    def register(make):
        class Resource(CloudFormationModel):
            # moto reads the service from it.
            __module__ = "moto.cloudformation.added"

            def __init__(self, physical_id):
                self.physical_id = physical_id

            @property
            def physical_resource_id(self):
                return self.physical_id

            @staticmethod
            def cloudformation_name_type():
                return ""

            @staticmethod
            def cloudformation_type():
                return resource_type

            @classmethod
            def has_cfn_attr(cls, attr):
                return False

            @classmethod
            def create_from_cloudformation_json(cls, name, definition, account, region, **_):
                return cls(make(definition["Properties"], name, account, region))

        TYPES.append(Resource)
        return make

    return register


def without(properties, *names):
    return {name: value for name, value in properties.items() if name not in names}


@makes("AWS::Cognito::UserPool")
def user_pool(properties, name, account, region):
    # What the API calls by other names.
    settings = without(properties, "UserPoolName", "EnabledMfas")
    cognito = cognitoidp_backends[account][region]
    pool = cognito.create_user_pool(properties["UserPoolName"], settings)
    token = {"Enabled": "SOFTWARE_TOKEN_MFA" in properties.get("EnabledMfas", [])}
    cognito.set_user_pool_mfa_config(pool.id, None, token, properties["MfaConfiguration"])
    return pool.id


@makes("AWS::Cognito::UserPoolDomain")
def user_pool_domain(properties, name, account, region):
    cognito = cognitoidp_backends[account][region]
    cognito.create_user_pool_domain(properties["UserPoolId"], properties["Domain"])
    return properties["Domain"]


@makes("AWS::Cognito::UserPoolResourceServer")
def resource_server(properties, name, account, region):
    cognito = cognitoidp_backends[account][region]
    cognito.create_resource_server(
        properties["UserPoolId"],
        properties["Identifier"],
        properties["Name"],
        properties["Scopes"],
    )
    return properties["Identifier"]


@makes("AWS::Cognito::UserPoolClient")
def user_pool_client(properties, name, account, region):
    cognito = cognitoidp_backends[account][region]
    settings = without(properties, "UserPoolId", "GenerateSecret")
    pool, secret = properties["UserPoolId"], properties["GenerateSecret"]
    return cognito.create_user_pool_client(pool, secret, settings).id


@makes("AWS::Lambda::Alias")
def alias(properties, name, account, region):
    made = lambda_backend(account, region).create_alias(
        properties["Name"], properties["FunctionName"], properties["FunctionVersion"], "", None
    )
    return made.arn


@makes("AWS::CloudWatch::Alarm")
def alarm(properties, name, account, region):
    cloudwatch_backends[account][region].put_metric_alarm(
        name=name,
        namespace=properties["Namespace"],
        metric_name=properties["MetricName"],
        comparison_operator=properties["ComparisonOperator"],
        evaluation_periods=properties["EvaluationPeriods"],
        period=properties["Period"],
        threshold=float(properties["Threshold"]),
        statistic=properties["Statistic"],
        description=properties["AlarmDescription"],
        dimensions=properties["Dimensions"],
        alarm_actions=properties.get("AlarmActions", []),
        ok_actions=properties.get("OKActions", []),
        datapoints_to_alarm=properties.get("DatapointsToAlarm"),
        treat_missing_data=properties["TreatMissingData"],
    )
    return name


@makes("AWS::ApiGateway::Stage")
def stage(properties, name, account, region):
    gateway = apigateway_backends[account][region]
    # moto resolves a reference to a deployment to the deployment itself.
    deployment = properties["DeploymentId"].id
    gateway.create_stage(properties["RestApiId"], properties["StageName"], deployment)
    made = gateway.get_stage(properties["RestApiId"], properties["StageName"])
    if log := properties.get("AccessLogSetting"):
        made.access_log_settings = {
            "destinationArn": log["DestinationArn"],
            "format": log["Format"],
        }
    return properties["StageName"]


@makes("AWS::ApiGateway::UsagePlan")
def usage_plan(properties, name, account, region):
    plan = {
        "name": properties["UsagePlanName"],
        "description": properties["Description"],
        "apiStages": [
            {"apiId": item["ApiId"], "stage": item["Stage"]} for item in properties["ApiStages"]
        ],
        "throttle": {
            "rateLimit": properties["Throttle"]["RateLimit"],
            "burstLimit": properties["Throttle"]["BurstLimit"],
        },
    }
    if quota := properties.get("Quota"):
        plan["quota"] = {"limit": quota["Limit"], "period": quota["Period"], "offset": 0}
    return apigateway_backends[account][region].create_usage_plan(plan).id


@makes("AWS::ApiGateway::ApiKey")
def api_key(properties, name, account, region):
    key = {name.lower(): properties[name] for name in ("Name", "Enabled", "Value")}
    return apigateway_backends[account][region].create_api_key(key).id


@makes("AWS::ApiGateway::UsagePlanKey")
def usage_plan_key(properties, name, account, region):
    key = {"keyId": properties["KeyId"], "keyType": properties["KeyType"]}
    plan = properties["UsagePlanId"]
    return apigateway_backends[account][region].create_usage_plan_key(plan, key).id


def import_definition(gateway, api, body):
    """Does what API Gateway does with a definition: moto imports resources and integrations, and
    neither authorizers nor who needs them."""
    body = copy.deepcopy(body)
    schemes = body["components"]["securitySchemes"]
    authorizers = {}
    for name, scheme in schemes.items():
        if authorizer := scheme.get("x-amazon-apigateway-authorizer"):
            authorizers[name] = gateway.create_authorizer(
                api.id,
                name,
                authorizer["type"].upper(),
                auth_type=scheme["x-amazon-apigateway-authtype"],
                authorizer_uri=authorizer["authorizerUri"],
                identity_source=authorizer["identitySource"],
                authorizer_result_ttl=int(authorizer["authorizerResultTtlInSeconds"]),
            )
    for name, response in body["x-amazon-apigateway-gateway-responses"].items():
        gateway.put_gateway_response(
            api.id,
            name,
            response["statusCode"],
            response.get("responseParameters", {}),
            response["responseTemplates"],
        )
    for item in body["paths"].values():
        if ANY in item:
            item["any"] = item.pop(ANY)
        for method in item.values():
            # moto demands them of mocks, too.
            method["x-amazon-apigateway-integration"].setdefault("uri", "")
            method["x-amazon-apigateway-integration"].setdefault("httpMethod", "POST")
    gateway.put_rest_api(api.id, body, fail_on_warnings=False)
    for path, item in body["paths"].items():
        methods = api.get_resource_for_path(path).resource_methods
        for name, definition in item.items():
            method = methods[name.upper()]
            needed = [scheme for one in definition.get("security", []) for scheme in one]
            assert all(scheme in schemes for scheme in needed), "an unknown security scheme"
            method.api_key_required = "ApiKey" in needed
            method.authorization_type = "NONE"
            for scheme in needed:
                if scheme in authorizers:
                    method.authorization_type = "CUSTOM"
                    method.authorizer_id = authorizers[scheme].id
    api.api_key_source = body["x-amazon-apigateway-api-key-source"]


def teach_versions():
    """A version's number is its attribute."""
    LambdaVersion.has_cfn_attr = classmethod(lambda cls, name: name == "Version")
    LambdaVersion.get_cfn_attribute = lambda version, name: str(version.version)


def teach_lists():
    """AWS::NoValue takes an item out of a list, too."""
    clean = parsing.clean_json

    def clean_lists_too(value, resources):
        cleaned = clean(value, resources)
        if isinstance(value, list):
            return [item for item in cleaned if item is not None]
        return cleaned

    parsing.clean_json = clean_lists_too


def teach_rest_api():
    create = RestAPI.create_from_cloudformation_json.__func__

    def create_with_body(cls, name, definition, account, region, **more):
        properties = definition["Properties"]
        api = create(cls, name, definition, account, region, **more)
        api.binaryMediaTypes = properties["BinaryMediaTypes"]
        import_definition(apigateway_backends[account][region], api, properties["Body"])
        assert api.api_key_source == properties["ApiKeySourceType"]
        return api

    RestAPI.create_from_cloudformation_json = classmethod(create_with_body)


if __name__ == "__main__":
    teach_versions()
    teach_lists()
    teach_rest_api()
    main(sys.argv[1:])
