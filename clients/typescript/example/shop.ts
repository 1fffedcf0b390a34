/**
 * A shop's service: `node shop.js URL TOKEN COMMAND JSON`. Prints what came of it, as JSON. A token of "-" is none.
 */
import { Verifier } from "../src/index.js";

const [url = "", token = "-", command = "", json = "null"] = process.argv.slice(2);
const verifier = new Verifier(url, token === "-" ? {} : { token });
const given = JSON.parse(json);

async function run(): Promise<unknown> {
  switch (command) {
    case "decide": {
      const decision = await verifier.decide(given);
      if (!decision.permitted) return { permitted: false, code: decision.code, why: decision.why };
      return { permitted: true, evaluation: decision.evaluationId };
    }
    case "decide-many":
      return (await verifier.decideMany(given)).map(({ permitted }) => permitted);
    case "import":
      return (await verifier.api.POST("/v1/customers/import", { body: { invitations: given } })).data;
    case "look":
      return (await verifier.api.POST("/v1/customers/look", { body: { customer: given } })).data;
    case "report":
      return verifier.report(given);
    default:
      throw new Error(`no command: ${command}`);
  }
}

console.log(JSON.stringify(await run()));
