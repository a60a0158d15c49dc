// npm's smpp as an ESME: node esme.mjs NODE_MODULES PORT SYSTEM_ID PASSWORD COUNT
// Prints the ids that it was answered with, then those whose receipts came, each as a line of JSON.
import { createRequire } from 'node:module';

const [modules, port, system_id, password, count] = process.argv.slice(2);
const smpp = createRequire(`${modules}/`)('smpp');
const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` });
const ids = [];
const told = [];

session.on('deliver_sm', (pdu) => {
  session.send(pdu.response());
  told.push(/^id:(\S+) .*stat:DELIVRD/.exec(pdu.short_message.message)[1]);
  if (told.length === Number(count)) {
    console.log(JSON.stringify(told));
    session.unbind({}, () => session.close());
  }
});

session.on('connect', () => {
  session.bind_transceiver({ system_id, password }, (bound) => {
    if (bound.command_status !== 0) process.exit(1);
    for (let number = 0; number < Number(count); number += 1) {
      session.submit_sm(
        {
          source_addr_ton: 5, source_addr: 'Wici', dest_addr_ton: 1, dest_addr_npi: 1, registered_delivery: 1,
          destination_addr: `48600200${String(number).padStart(3, '0')}`, short_message: number % 2 ? 'Hello' : 'Zażółć',
        },
        (answer) => {
          if (answer.command_status !== 0) process.exit(1);
          ids.push(answer.message_id);
          if (ids.length === Number(count)) console.log(JSON.stringify(ids));
        },
      );
    }
  });
});
