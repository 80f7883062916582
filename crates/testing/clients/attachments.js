// Attaches a file under each name by jira.js, and fetches it again where Jira says that it is. Arguments:
// Jira's URL, a file with the names; the token comes on standard input. Prints a line of JSON for each: the
// number of the name, the status of the download, and whether the content is the one sent.

import { readFileSync } from 'node:fs';
import { Version2Client } from 'jira.js/version2';

const [url, names] = process.argv.slice(2);
const client = new Version2Client({
  host: url,
  authentication: { oauth2: { accessToken: readFileSync(0, 'utf8') } },
});

for (const [number, filename] of JSON.parse(readFileSync(names, 'utf8')).entries()) {
  const file = Buffer.from(`the content of number ${number}`);
  const [attached] = await client.issueAttachments.addAttachment({
    issueIdOrKey: 'DEMO-1',
    attachment: { filename, file },
  });
  // Jira Data Center has no `/attachment/content/{id}`, which getAttachmentContent asks.
  const download = { url: attached.content, method: 'GET', responseType: 'arraybuffer' };
  let line = { number, status: 200, same: false, said: '' };
  try {
    const got = await client.sendRequest(download);
    line.same = Buffer.compare(Buffer.from(got), file) === 0;
  } catch (error) {
    // The body of a refusal is bytes, too.
    const { status, data } = error.cause.response;
    line = { number, status, same: false, said: JSON.parse(Buffer.from(data)).message };
  }
  console.log(JSON.stringify(line));
}
