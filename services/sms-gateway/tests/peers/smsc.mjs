// npm's smpp as an SMSC: node smsc.mjs NODE_MODULES
// Prints its port, and then each message that it took: [destination, text, parts]. It sends a receipt for each, from a
// phone an answer to the first, and asks now and then whether the bind stands.
import { createRequire } from 'node:module';

const smpp = createRequire(`${process.argv[2]}/`)('smpp');
let last = 0;

const server = smpp.createServer((session) => {
  session.on('bind_transceiver', (pdu) => {
    session.send(pdu.response({ system_id: 'npm' }));
    session.enquire_link({}, () => {});
  });
  session.on('submit_sm', (pdu) => {
    last += 1;
    const id = `npm-${last}`;
    session.send(pdu.response({ message_id: id }));
    console.log(JSON.stringify([pdu.destination_addr, pdu.short_message.message]));
    session.deliver_sm({
      source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2611300800 done date:2611300801 stat:DELIVRD err:000 text:`,
      receipted_message_id: id, message_state: 2,
    });
    if (last === 1) {
      session.deliver_sm({ source_addr: pdu.destination_addr, destination_addr: '7300', short_message: 'Dziękuję' });
    }
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on('error', () => {});
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
